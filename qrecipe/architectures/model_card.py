"""A model card's front matter (README.md): the YAML between two lines `---`, with only what a GGUF may take from it.

The card is untrusted, and for people: whatever is wrong with it becomes a warning, never an error. Values that are no
text where text is wanted are left out. As in llama.cpp's converter, a language `no` is Norwegian and a
tab is two blanks.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from qrecipe.errors import Diagnostic, Location

if TYPE_CHECKING:
    import yaml

MOST_BYTES = 64 << 10  # a second's work for the YAML parser
_TEXTS = ("name", "author", "version", "organization", "description", "finetune", "basename", "size_label")
_SOURCES = ("url", "doi", "uuid", "repo_url")
_MORE_TEXTS = ("model_creator", "model_type", "license_name", "license_link")
TEXTS = (*_TEXTS, *_SOURCES, *(f"model_{key}" for key in (*_TEXTS, *_SOURCES)), *_MORE_TEXTS)
LISTS = ("license", "tags", "pipeline_tag", "languages", "language")
MODELS = ("base_model", "base_models", "base_model_sources", "datasets", "dataset", "dataset_sources")
Card = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What the card says, of the kinds that are wanted, and what was wrong with the rest."""

    values: Card
    findings: tuple[Diagnostic, ...] = ()


def read_card(folder: Path) -> ModelCard:
    """Read the card of a folder; one that is not there says nothing."""
    path = folder / "README.md"
    if not path.is_file():
        return ModelCard({})
    try:
        found = _parsed(_front_matter(path))
    except _BadCardError as error:
        return ModelCard({}, (_unread(path, str(error)),))
    values: dict[str, object] = {}
    findings: list[Diagnostic] = []
    for key, value in found.items():
        if key in (*TEXTS, *LISTS, *MODELS) and value is not None:
            kept, whole = _kept(key, value)
            values |= {key: kept} if kept is not None else {}
            findings += [] if whole else [_left_out(path, key)]
    return ModelCard(values, tuple(findings))


def is_text(value: object) -> TypeGuard[str]:
    """Say whether a value is text that UTF-8 holds: half a character, which YAML and JSON can spell, is none."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


class _BadCardError(Exception):
    """Why the card cannot be read."""


def _front_matter(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        text = codecs.getincrementaldecoder("utf-8")().decode(raw, final=len(raw) <= MOST_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror or error if isinstance(error, OSError) else "it is no UTF-8 text"
        raise _BadCardError(str(why)) from None
    lines = text.splitlines()
    if not lines or lines[0] != "---":
        return ""
    end = next((i for i, line in enumerate(lines) if i and line == "---"), None)
    if end is None and len(raw) > MOST_BYTES:
        raise _BadCardError(f"its front matter has more than {MOST_BYTES} bytes")
    return "".join(f"{line}\n" for line in lines[1:end])


def _parsed(front_matter: str) -> Mapping[object, object]:
    import yaml  # noqa: PLC0415 - only a model card needs it

    text = front_matter.replace("- no\n", '- "no"\n').replace("\t", "  ")
    try:
        found = yaml.load(text, _loader())  # noqa: S506 - it is a SafeLoader
    except _BadCardError:
        raise
    except Exception as error:  # noqa: BLE001 - dates, numbers, depth: YAML lets through what its parts raise
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 2})" if mark is not None else ""
        raise _BadCardError(f"its front matter is no YAML{place}") from None
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise _BadCardError("its front matter is no mapping")
    return found


def _loader() -> type[yaml.SafeLoader]:
    import yaml  # noqa: PLC0415 - likewise

    class Loader(yaml.SafeLoader):
        """Without aliases, by which a few lines can say more than any memory holds."""

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                raise _BadCardError("its front matter has an alias, `*`")
            node: yaml.Node | None = super().compose_node(parent, index)
            return node

    return Loader


def _kept(key: str, value: object) -> tuple[object, bool]:
    """Return what a value is good for, and whether that is all of it."""
    if is_text(value):
        return value, True
    if key in TEXTS or not isinstance(value, list):
        return None, False
    kept = list(_items(key, value))
    return kept, kept == value


def _items(key: str, items: list[object]) -> Iterator[object]:
    for item in items:
        if is_text(item):
            yield item
        elif key in MODELS and isinstance(item, Mapping):
            yield {name: text for name, text in item.items() if is_text(name) and is_text(text)}


def _unread(path: Path, why: str) -> Diagnostic:
    return Diagnostic(
        "model-card-unread",
        "the model card cannot be read, so the model is described without it",
        Location(file=str(path)),
        why=why,
        fix="correct README.md, or set what matters on the target: metadata.\"general.license\" = '…'",
        severity="warning",
    )


def _left_out(path: Path, key: str) -> Diagnostic:
    return Diagnostic(
        "model-card-value",
        f"{key!r} of the model card is not all text and is left out as far as it is not",
        Location(file=str(path), key_path=key),
        why="a GGUF stores it as text",
        fix="put the value in quotes",
        severity="warning",
    )
