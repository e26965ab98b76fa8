"""The vocabulary of a tokenizer.model with the tokens that were added to it, as llama.cpp's converter joins them.

In this order, each over the one before: padding up to the model's vocabulary, the pieces, added_tokens.json, the
`added_tokens_decoder` of tokenizer_config.json. Source: `_create_vocab_sentencepiece` of its `conversion/base.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.documents import ADDED_DECODER, VOCABULARY, AddedToken, checked, parsed
from qrecipe.architectures.tokenizer.files import TokenizerFiles
from qrecipe.architectures.tokenizer.pieces import Piece, read_pieces
from qrecipe.architectures.tokenizer.table import MOST_TOKENS, TokenTable, TokenType, looks_special, visible
from qrecipe.errors import Diagnostic

_PADDING_SCORE, _ADDED_SCORE = -10000.0, -1000.0
_AS_NORMAL = (TokenType.NORMAL, TokenType.USER_DEFINED)  # the converter asks for neither


@dataclass(slots=True)
class _Draft:
    """A vocabulary in the making."""

    path: Path
    texts: list[bytes]
    scores: list[float]
    types: list[int]
    findings: list[Diagnostic] = field(default_factory=list)

    def put(self, number: int, piece: Piece, key_path: str) -> None:
        """Set a token; one beyond the vocabulary is passed over."""
        if number >= len(self.texts):
            what = f"token {number} is beyond the model's vocabulary of {len(self.texts)}"
            self.findings.append(faults.passed_over(self.path, key_path, what))
            return
        self.texts[number], self.scores[number], self.types[number] = piece


def sentencepiece_table(
    files: TokenizerFiles, model: Path, vocab_size: int | None
) -> tuple[TokenTable, tuple[Diagnostic, ...]]:
    """Return the table and warnings; `vocab_size` None: as many tokens as there are pieces."""
    pieces = read_pieces(model)
    size = vocab_size or len(pieces)
    if size > MOST_TOKENS:
        what = f"the model's vocabulary of {size} tokens is beyond belief; at most {MOST_TOKENS} are made"
        raise faults.wrong_ids(files.folder / "config.json", "vocab_size", what)
    draft = _Draft(model, [b"[PAD%d]" % i for i in range(size)], [_PADDING_SCORE] * size, [TokenType.UNUSED] * size)
    _put_pieces(draft, pieces, size)
    _put_added(draft, files)
    return TokenTable(draft.texts, draft.types, draft.scores), tuple(draft.findings)


def token_count(model: Path, vocab_size: int | None) -> int:
    """Return how many tokens `sentencepiece_table` makes."""
    return vocab_size or len(read_pieces(model))


def _put_pieces(draft: _Draft, pieces: list[Piece], size: int) -> None:
    n = min(len(pieces), size)
    draft.texts[:n] = [piece.text for piece in pieces[:n]]
    draft.scores[:n] = [piece.score for piece in pieces[:n]]
    draft.types[:n] = [TokenType.NORMAL if piece.type in _AS_NORMAL else piece.type for piece in pieces[:n]]
    if len(pieces) > size:
        what = f"the last {len(pieces) - size} of {len(pieces)} pieces are beyond the model's vocabulary of {size}"
        draft.findings.append(faults.passed_over(draft.path, "", what))


def _put_added(draft: _Draft, files: TokenizerFiles) -> None:
    path = files.folder / "added_tokens.json"
    if path.is_file():
        draft.path = path
        for token, number in parsed(path, VOCABULARY).items():
            draft.put(number, Piece(token.encode(), _ADDED_SCORE, TokenType.USER_DEFINED), token)
    draft.path = files.settings_path
    for number, added in added_decoder(files):
        draft.put(number, _piece(added), f"added_tokens_decoder.{number}")


def _piece(added: AddedToken) -> Piece:
    if added.special or looks_special(added.content):
        return Piece(added.content.encode(), _ADDED_SCORE, TokenType.CONTROL)
    return Piece(visible(added.content).encode(), _ADDED_SCORE, TokenType.USER_DEFINED)


def added_decoder(files: TokenizerFiles) -> Iterator[tuple[int, AddedToken]]:
    """Yield the tokens of `added_tokens_decoder` in tokenizer_config.json with their numbers."""
    found = files.setting("added_tokens_decoder")
    if found is None:
        return
    key_path = "added_tokens_decoder"
    for key, added in checked(files.settings_path, key_path, found, ADDED_DECODER).items():
        if not key.isdecimal() or len(key) > 10:  # noqa: PLR2004 - the digits of the largest number that is stored
            raise faults.malformed(files.settings_path, f"{key_path}.{key}", f"{key!r} is no token's number")
        yield int(key), added
