"""What a kernel must make of a few blocks before it is trusted: weights that are the same everywhere.

They are of the kinds that distinguish right from nearly right: gaussian, constant, nearly constant far from zero, zero,
mostly zero, tiny, wide apart in scale, and few values only.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs.kernels.catalog import Kernel
from qrecipe.codecs.kernels.running import Decode, Decoding, Encoder, Reference, decoded, encoded

if TYPE_CHECKING:
    from qrecipe.codecs.ggml.table import GgmlType
    from qrecipe.types.format import FloatArray

_COLS, _ROWS = 512, 19  # 38 super-blocks: whole tiles and a last one that is not full


def passes(kernel: Kernel, type_: GgmlType, encoder: Encoder) -> bool:
    """Say whether the encoder makes the bytes that it must."""
    rows, importance = blocks()
    return digest(encoded(type_, encoder, rows, importance if kernel.weighted else None)) == kernel.digest


def is_of_ggml(kernel: Kernel, ggml: Reference) -> bool:
    """Say whether the installed ggml makes these bytes: releases of it may differ."""
    rows, importance = blocks()
    return digest(ggml.encoded(rows, importance if kernel.weighted else None)) == kernel.digest


def decodes_like(otherwise: Decode, type_: GgmlType, decoder: Decoding) -> bool:
    """Say whether the decoder makes the floats that `otherwise` does, of codes of all sorts."""
    size = _COLS // type_.block * type_.block_bytes
    bits = np.arange(_ROWS * size, dtype=np.uint32) * np.uint32(0x9E3779B1)
    data = ((bits ^ (bits >> np.uint32(15))) * np.uint32(0x85EBCA77) >> np.uint32(24)).astype(np.uint8).tobytes()
    theirs = otherwise(type_, data, _COLS)
    ours = decoded(decoder, data, (_ROWS, _COLS))
    same = (ours.view(np.uint32) == theirs.view(np.uint32)) | (np.isnan(ours) & np.isnan(theirs))
    return bool(same.all())


def digest(encoded: bytes) -> str:
    """Return the digest as the catalog has it."""
    return hashlib.sha256(encoded).hexdigest()[:16]


@cache
def blocks() -> tuple[FloatArray, FloatArray]:
    """Return weights and an importance of their columns."""
    bits = np.arange(4 * _ROWS * _COLS, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(29)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    uniform = ((bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)).reshape(4, _ROWS, _COLS)
    rows = (uniform.sum(0, dtype=np.float32) - np.float32(2)) * np.float32(0.03125)
    _make_hostile(rows, uniform[0])
    return rows, (uniform[1, 0] * uniform[2, 0] * np.float32(8)) * (np.arange(_COLS) % 97 != 0).astype(np.float32)


def _make_hostile(rows: FloatArray, uniform: FloatArray) -> None:
    rows[4], rows[5, :256] = 0, np.float32(-0.75)
    rows[6] = np.where(uniform[6] < np.float32(0.0625), np.float32(-1.5), np.float32(-1))
    rows[7] = np.where(uniform[7] < np.float32(0.125), rows[7], 0)
    rows[8] = rows[8] * np.float32(2.0**-20) - np.float32(1)
    rows[9] *= np.float32(2.0**-100)
    rows[10] = np.floor(uniform[10] * np.float32(16)) * np.float32(0.125) - np.float32(1)
    rows[11] = np.abs(rows[11])
    rows[12] *= np.repeat(np.float32(2) ** -np.arange(16, dtype=np.float32), _COLS // 16)
    rows[13] *= np.float32(1024)
    rows[14] = np.floor(uniform[14] * np.float32(3)) - np.float32(1)
