"""tokenizer.model: the pieces of a SentencePiece model, read from its protobuf (`sentencepiece_model.proto`).

Read here and not by the package `sentencepiece`: of the whole file only a list of (text, score, type) is wanted, a
quarter of a million calls into C++ take longer than one pass over the bytes, and bytes that nobody vouches for stay
out of C++. What that package refuses (no pieces, one that is empty, or stands twice) is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.documents import content
from qrecipe.architectures.tokenizer.table import MOST_TOKENS, TokenType

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_PIECES = 1  # ModelProto.pieces
_TEXT, _SCORE, _TYPE = 1, 2, 3  # SentencePiece
_MOST_VARINT_BYTES = 10
_MORE = 0x80  # the bit that says that another byte of the number follows
_SHORT_TEXT = _TEXT << 3 | _BYTES  # the tag of a text, and of a piece: both are number 1
_SCORE_TAG = _SCORE << 3 | _FIXED32
_FLOAT = struct.Struct("<f").unpack_from


class Piece(NamedTuple):
    """One piece: its text (UTF-8), its score, its type."""

    text: bytes
    score: float
    type: int


class _DamagedError(Exception):
    """The bytes are no such protobuf."""


def read_pieces(path: Path) -> list[Piece]:
    """Return the pieces by their numbers."""
    data = content(path)
    try:
        pieces = [_piece(data, start, stop) for start, stop in _parts(data)]
    except _DamagedError as error:
        raise faults.malformed(path, "", f"{path.name} is no SentencePiece model: {error}") from None
    _check(path, pieces)
    return pieces


def _parts(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the pieces are; nearly all are short ones, whose length is one byte."""
    at, stop = 0, len(data)
    while at < stop:
        if data[at] == _SHORT_TEXT and at + 1 < stop and data[at + 1] < _MORE and at + 2 + data[at + 1] <= stop:
            end = at + 2 + data[at + 1]
            yield at + 2, end
        else:
            field, wire, start, end = _field(data, at, stop)
            if field == _PIECES and wire != _BYTES:
                raise _DamagedError("its pieces are no messages")
            if field == _PIECES:
                yield start, end
        at = end


def _piece(data: bytes, start: int, stop: int) -> Piece:
    """Return one piece; nearly all are written as text and score in this order, and read in one go."""
    end = start + 2 + data[start + 1] if start + 1 < stop else 0
    if end + 5 == stop and data[start] == _SHORT_TEXT and data[end] == _SCORE_TAG:
        return Piece(data[start + 2 : end], _FLOAT(data, end + 1)[0], TokenType.NORMAL)
    text, score, kind = b"", 0.0, int(TokenType.NORMAL)
    last = start
    while last < stop:
        field, wire, first, last = _field(data, last, stop)
        if field == _TEXT and wire == _BYTES:
            text = data[first:last]
        elif field == _SCORE and wire == _FIXED32:
            score = _FLOAT(data, first)[0]
        elif field == _TYPE and wire == _VARINT:
            kind = _varint(data, first, last)[0]
    return Piece(text, score, kind)


def _field(data: bytes, at: int, stop: int) -> tuple[int, int, int, int]:
    """Return field number, wire type, and where the value begins and ends."""
    tag, at = _varint(data, at, stop)
    wire = tag & 7
    if wire == _BYTES:
        size, at = _varint(data, at, stop)
        end = at + size
    elif wire == _VARINT:
        end = _varint(data, at, stop)[1]
    elif wire in (_FIXED32, _FIXED64):
        end = at + (4 if wire == _FIXED32 else 8)
    else:
        raise _DamagedError(f"byte {at} begins nothing")
    if end > stop:
        raise _DamagedError(f"byte {at} begins what ends outside of it")
    return tag >> 3, wire, at, end


def _varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """Return a number and where it ends."""
    value = 0
    for i in range(min(_MOST_VARINT_BYTES, stop - at)):
        byte = data[at + i]
        value |= (byte & 0x7F) << (7 * i)
        if byte < _MORE:
            return value, at + i + 1
    raise _DamagedError(f"byte {at} begins no number")


def _check(path: Path, pieces: list[Piece]) -> None:
    if not pieces:
        raise faults.malformed(path, "", f"{path.name} is no SentencePiece model: it has no pieces")
    if len(pieces) > MOST_TOKENS:
        raise faults.wrong_ids(path, "", f"{path.name} has {len(pieces)} pieces; at most {MOST_TOKENS} are read")
    seen: set[bytes] = set()
    for i, piece in enumerate(pieces):
        if not piece.text or piece.text in seen:
            what = f"piece {i} is empty" if not piece.text else f"piece {i} stands for the second time"
            raise faults.wrong_ids(path, f"pieces[{i}]", what)
        if not TokenType.NORMAL <= piece.type <= TokenType.BYTE:
            raise faults.malformed(path, f"pieces[{i}].type", f"piece {i} is of the unknown type {piece.type}")
        seen.add(piece.text)
    _check_text(path, pieces)


def _check_text(path: Path, pieces: list[Piece]) -> None:
    for i, piece in enumerate(pieces):
        try:
            piece.text.decode("utf-8")
        except UnicodeDecodeError:
            raise faults.malformed(path, f"pieces[{i}].piece", f"piece {i} is no UTF-8 text") from None
