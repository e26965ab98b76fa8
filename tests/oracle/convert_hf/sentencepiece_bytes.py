"""Writes `tokenizer.model`: SentencePiece's ModelProto, by hand, so that no protobuf package is needed.

Field numbers: sentencepiece_model.proto. Pieces are (text, score, type) with SentencePiece's types, which GGUF shares.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

_BPE = 2
_IDS = {"unk": 40, "bos": 41, "eos": 42, "pad": 43}


def model(pieces: Sequence[tuple[str, float, int]], special: Mapping[str, int]) -> bytes:
    """Return a BPE model with byte fallback; a special id that is not given is -1."""
    body = b"".join(_field(1, _piece(*piece)) for piece in pieces)
    ids = b"".join(_number(field, special.get(name, -1)) for name, field in _IDS.items())
    trainer = _number(3, _BPE) + _number(4, len(pieces)) + _number(35, 1) + ids
    normalizer = _field(1, b"identity") + _field(2, b"") + _number(3, 1) + _number(4, 0) + _number(5, 1)
    return body + _field(2, trainer) + _field(3, normalizer)


def _piece(text: str, score: float, kind: int) -> bytes:
    return _field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + _number(3, kind)


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value % 2**64)


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
