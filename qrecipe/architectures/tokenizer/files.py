"""`TokenizerFiles`: what stands beside the weights and says something about the tokenizer, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.documents import (
    SETTINGS,
    TOKENIZER_JSON,
    VOCABULARY,
    Model,
    Settings,
    TokenizerJson,
    Unread,
    Vocabulary,
    checked,
    parsed,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from qrecipe.architectures.tokenizer.documents import Document

TOKENIZER_MODEL = "tokenizer.model"
_JSON = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class TokenizerFiles:
    """The files of a folder, parsed; None for one that is not there.

    Attributes:
        folder: Where they are.
        json: tokenizer.json.
        settings: tokenizer_config.json.
        config: config.json; empty where there is none.
    """

    folder: Path
    json: TokenizerJson | None
    settings: Settings | None
    config: Settings

    @property
    def json_path(self) -> Path:
        """Where tokenizer.json is, for messages too."""
        return self.folder / _JSON

    @property
    def settings_path(self) -> Path:
        """Where tokenizer_config.json is."""
        return self.folder / "tokenizer_config.json"

    @property
    def sentencepiece(self) -> Path | None:
        """tokenizer.model, if it is there."""
        path = self.folder / TOKENIZER_MODEL
        return path if path.is_file() else None

    def setting(self, key: str) -> object:
        """Return a value of tokenizer_config.json; None where it is not said."""
        return self.settings.get(key) if self.settings is not None else None

    def vocabulary(self) -> Vocabulary:
        """Return the tokens of tokenizer.json's model with their numbers; SourceError where two have the same."""
        model = self.json.model if self.json is not None else Model()
        found = model.vocab
        if isinstance(found, Unread):
            found = checked(self.json_path, "model.vocab", found.value, VOCABULARY)
        if len(set(found.values())) != len(found):
            raise faults.wrong_ids(self.json_path, "model.vocab", "two tokens of the vocabulary have the same number")
        return found

    def tokens(self) -> int:
        """Count tokenizer.json's tokens and its added ones, among which tokens of the model may stand again."""
        added = self.json.added_tokens if self.json is not None else ()
        return len(self.vocabulary()) + len(added)


def read_files(folder: Path | None, *needed: str) -> TokenizerFiles:
    """Read what is there; TokenizerLackingError without any of the files in `needed`."""
    wanted = needed or (_JSON,)
    if folder is None or not any((folder / name).is_file() for name in wanted):
        raise faults.lacking(folder, wanted)
    return TokenizerFiles(
        folder,
        _optional(folder / _JSON, TOKENIZER_JSON),
        _optional(folder / "tokenizer_config.json", SETTINGS),
        _optional(folder / "config.json", SETTINGS) or {},
    )


def _optional(path: Path, kind: TypeAdapter[Document]) -> Document | None:
    return parsed(path, kind) if path.is_file() else None
