"""Decoders of the types that ggml reads slowly, and of F16: vectors, or plain loops that LLVM turns into them.

Each takes whole blocks, uint8 [n], and writes float32; those with points take them, and the signs, as tables of
`decode_tables`. Every operation is ggml's, in its order (`dequantize_row_…` in ggml-quants.c), so the floats are equal
bit for bit. Layouts are those of ggml-common.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qrecipe.codecs.simd.lanes import load_bytes, load_halves, splat, splat_int, store, to_floats
from qrecipe.codecs.simd.numbers import half_value, inlined, jit
from qrecipe.codecs.simd.vectors import WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.codecs.kernels.tile import Bytes, Floats

    Table = NDArray[np.float32]

_UNEVEN = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.float32)


@jit
def decode_f16(data: Bytes, out: Floats) -> None:
    """Widen FP16 numbers, any count of them."""
    whole = out.size - out.size % WIDTH
    for i in range(0, whole, WIDTH):
        store(out, i, load_halves(data, 2 * i))
    for i in range(whole, out.size):
        out[i] = _half(data, 2 * i)


@jit
def decode_q5_0(data: Bytes, out: Floats) -> None:
    """Decode 22 bytes to 32 weights: d * (code - 16)."""
    for b in range(out.size // 32):
        at, to = 22 * b, 32 * b
        d, fifth = _half(data, at), _word(data, at + 2)
        for j in range(16):
            byte = np.int64(data[at + 6 + j])
            out[to + j] = d * np.float32(((byte & 15) | (((fifth >> j) & 1) << 4)) - 16)
            out[to + 16 + j] = d * np.float32(((byte >> 4) | (((fifth >> (j + 16)) & 1) << 4)) - 16)


@jit
def decode_q5_1(data: Bytes, out: Floats) -> None:
    """Decode 24 bytes to 32 weights: d * code + minimum."""
    for b in range(out.size // 32):
        at, to = 24 * b, 32 * b
        d, least, fifth = _half(data, at), _half(data, at + 2), _word(data, at + 4)
        for j in range(16):
            byte = np.int64(data[at + 8 + j])
            out[to + j] = d * np.float32((byte & 15) | (((fifth >> j) & 1) << 4)) + least
            out[to + 16 + j] = d * np.float32((byte >> 4) | (((fifth >> (j + 16)) & 1) << 4)) + least


@jit
def decode_q6_k(data: Bytes, out: Floats) -> None:
    """Decode 210 bytes to 256 weights: d * scale * (code - 32)."""
    for b in range(out.size // 256):
        at, d = 210 * b, _half(data, 210 * b + 208)
        for half in range(2):
            low, high, scales = at + 64 * half, at + 128 + 32 * half, at + 192 + 8 * half
            for quarter in range(4):
                to = 256 * b + 128 * half + 32 * quarter
                for part in range(2):
                    scale = d * np.float32(np.int8(data[scales + 2 * quarter + part]))
                    nibbles = load_bytes(data, low + 32 * (quarter & 1) + 16 * part) >> splat_int(4 * (quarter >> 1))
                    uppers = load_bytes(data, high + 16 * part) >> splat_int(2 * quarter)
                    codes = (nibbles & splat_int(15)) | ((uppers & splat_int(3)) << splat_int(4))
                    store(out, to + 16 * part, splat(scale) * to_floats(codes - splat_int(32)))


@jit
def decode_iq4_nl(data: Bytes, out: Floats) -> None:
    """Decode 18 bytes to 32 weights: d * a value of the uneven grid."""
    for b in range(out.size // 32):
        _uneven(data, 18 * b + 2, _half(data, 18 * b), out, 32 * b)


@jit
def decode_iq4_xs(data: Bytes, out: Floats) -> None:
    """Decode 136 bytes to 256 weights: as IQ4_NL, with 8 scales of 6 bits."""
    for b in range(out.size // 256):
        at = 136 * b
        d, upper = _half(data, at), np.int64(data[at + 2]) | (np.int64(data[at + 3]) << 8)
        for sub in range(8):
            lower = (np.int64(data[at + 4 + sub // 2]) >> (4 * (sub % 2))) & 15
            scale = d * np.float32((lower | (((upper >> (2 * sub)) & 3) << 4)) - 32)
            _uneven(data, at + 8 + 16 * sub, scale, out, 256 * b + 32 * sub)


@jit
def decode_iq2_xxs(data: Bytes, out: Floats, points: Table, signs: Table) -> None:
    """Decode 66 bytes to 256 weights: for 32 of them 4 points, 4 times 7 signs, a scale."""
    for b in range(out.size // 256):
        d = _half(data, 66 * b)
        for sub in range(8):
            at, to = 66 * b + 2 + 8 * sub, 256 * b + 32 * sub
            word = _word(data, at + 4)
            scale = d * (np.float32(0.5) + np.float32(word >> 28)) * np.float32(0.25)
            for group in range(4):
                where = np.int64(data[at + group]), (word >> (7 * group)) & 127
                _eight(scale, (points, signs), where, out, to + 8 * group)


@jit
def decode_iq2_xs(data: Bytes, out: Floats, points: Table, signs: Table) -> None:
    """Decode 74 bytes to 256 weights: 32 times 9 bits of a point and 7 signs, then 16 scales."""
    for b in range(out.size // 256):
        d = _half(data, 74 * b)
        for group in range(32):
            code = np.int64(data[74 * b + 2 + 2 * group]) | (np.int64(data[74 * b + 3 + 2 * group]) << 8)
            scale = _quarter(d, data, 74 * b + 66, group)
            _eight(scale, (points, signs), (code & 511, code >> 9), out, 256 * b + 8 * group)


@jit
def decode_iq2_s(data: Bytes, out: Floats, points: Table, signs: Table) -> None:
    """Decode 82 bytes to 256 weights: 32 lower bytes of points, 32 of signs, 8 of upper bits, 16 scales."""
    for b in range(out.size // 256):
        at, d = 82 * b + 2, _half(data, 82 * b)
        for group in range(32):
            upper = (np.int64(data[at + 64 + group // 4]) >> (2 * (group % 4))) & 3
            where = np.int64(data[at + group]) | (upper << 8), np.int64(data[at + 32 + group])
            _eight(_quarter(d, data, at + 72, group), (points, signs), where, out, 256 * b + 8 * group)


@jit
def decode_iq3_xxs(data: Bytes, out: Floats, points: Table, signs: Table) -> None:
    """Decode 98 bytes to 256 weights: 64 points of 4, then for 32 weights 4 times 7 signs and a scale."""
    for b in range(out.size // 256):
        at, d = 98 * b + 2, _half(data, 98 * b)
        for sub in range(8):
            word = _word(data, at + 64 + 4 * sub)
            scale = d * (np.float32(0.5) + np.float32(word >> 28)) * np.float32(0.5)
            for group in range(4):
                first, to = at + 8 * sub + 2 * group, 256 * b + 32 * sub + 8 * group
                where = np.int64(data[first]), np.int64(data[first + 1]), (word >> (7 * group)) & 127
                _twice_four(scale, (points, signs), where, out, to)


@jit
def decode_iq3_s(data: Bytes, out: Floats, points: Table, signs: Table) -> None:
    """Decode 110 bytes to 256 weights: 64 lower bytes of points, 8 of ninth bits, 32 of signs, 4 of scales."""
    for b in range(out.size // 256):
        at, d = 110 * b + 2, _half(data, 110 * b)
        for group in range(32):
            sub = group // 4
            code = (np.int64(data[at + 104 + sub // 2]) >> (4 * (sub % 2))) & 15
            ninth = np.int64(data[at + 64 + sub]) >> (2 * (group % 4))
            first = np.int64(data[at + 2 * group]) | ((ninth & 1) << 8)
            second = np.int64(data[at + 2 * group + 1]) | ((ninth & 2) << 7)
            where = first, second, np.int64(data[at + 72 + group])
            _twice_four(d * np.float32(1 + 2 * code), (points, signs), where, out, 256 * b + 8 * group)


@inlined
def _half(data: Bytes, at: int) -> Any:
    return half_value(np.int64(data[at]) | (np.int64(data[at + 1]) << 8))


@inlined
def _word(data: Bytes, at: int) -> Any:
    """Return 4 bytes as a number."""
    low = np.int64(data[at]) | (np.int64(data[at + 1]) << 8)
    return low | (np.int64(data[at + 2]) << 16) | (np.int64(data[at + 3]) << 24)


@inlined
def _uneven(data: Bytes, at: int, scale: Any, out: Floats, to: int) -> None:
    for j in range(16):
        out[to + j] = scale * _UNEVEN[data[at + j] & 15]
        out[to + 16 + j] = scale * _UNEVEN[data[at + j] >> 4]


@inlined
def _quarter(d: Any, data: Bytes, at: int, group: int) -> Any:
    """Return the scale of a group of 8 weights: 4 bits for each 16, and a quarter of d."""
    code = (np.int64(data[at + group // 4]) >> (4 * (group // 2 % 2))) & 15
    return d * (np.float32(0.5) + np.float32(code)) * np.float32(0.25)


@inlined
def _eight(scale: Any, tables: Any, where: Any, out: Floats, to: int) -> None:
    (points, signs), (point, sign) = tables, where
    for j in range(8):
        out[to + j] = scale * points[point, j] * signs[sign, j]


@inlined
def _twice_four(scale: Any, tables: Any, where: Any, out: Floats, to: int) -> None:
    (points, signs), (first, second, sign) = tables, where
    for j in range(4):
        out[to + j] = scale * points[first, j] * signs[sign, j]
        out[to + 4 + j] = scale * points[second, j] * signs[sign, 4 + j]
