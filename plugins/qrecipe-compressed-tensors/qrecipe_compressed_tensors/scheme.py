"""The schemes: `int1` to `int8` and `fp8` as compressed-tensors stores them, each a `types.scheme.Scheme`.

Integers are packed (`pack-quantized`: `weight_packed`, `weight_scale`, `weight_shape`); int8 whose activations are
quantized too stands beside its scale (`int-quantized`: `weight`, `weight_scale`), and so does fp8 (`float-quantized`).
Everything is symmetric, weight = code * scale. Scales have the dtype that the runtime computes in: it would cast them
to that while loading anyway, so `decode` tells no more than it will know. numpy loads at the first use of a codec.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

from qrecipe.codecs.shape import refuse_blocks
from qrecipe.types.scheme import Array, Grid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from qrecipe.types.format import Args, Argument, FloatArray, Format
    from qrecipe.types.scheme import Scheme
    from qrecipe.types.source import StoredTensor
    from qrecipe.types.tensor import Shape

Activations = Literal["none", "int8", "fp8", "static-int8", "static-fp8"]
"""What is done to a module's input: nothing; quantized, with a scale for each token; with one of the checkpoint's."""


@dataclass(frozen=True, slots=True)
class IntegerScheme:
    """Integers of `width` bits.

    Attributes:
        width: Bits of a code, 1 to 8.
        group: Columns that share a scale; None for the whole row.
        scale: The dtype of scales: `BF16`, `F16`, `F32`.
        activations: What happens to the input.
        packed: Codes stand in 32-bit words, not each in a byte of its own.
        carried: The GGUF type whose codes and scales are stored; None for compressed-tensors' own.
    """

    width: int
    group: int | None
    scale: str
    activations: Activations = "none"
    packed: bool = True
    carried: Format | None = None
    arguments: tuple[Argument, ...] = ()
    family: str = "compressed-tensors"
    bits: None = None
    gguf_id: None = None
    is_float: bool = False

    @property
    def name(self) -> str:
        """`int4(group=32)`."""
        return f"int{self.width}" + ("" if self.group is None else f"(group={self.group})")

    @property
    def format(self) -> str:
        """compressed-tensors' word for the layout."""
        return "pack-quantized" if self.packed else "int-quantized"

    @property
    def block(self) -> int | None:
        """The group; None for the row."""
        return self.group

    @property
    def imatrix(self) -> Literal["unused", "used", "needed", "required"]:
        """As the carried type has it; compressed-tensors' arithmetic knows no imatrix."""
        return "unused" if self.carried is None else self.carried.imatrix

    @property
    def grid(self) -> Grid | None:
        """All codes, and scales of any sign; None for a carried type, whose fits are ggml's."""
        if self.carried is not None:
            return None
        half = 1 << (self.width - 1)
        return Grid(self.width, self.group, self.scale, -half, half - 1)

    def arrays(self, rows: int, cols: int) -> tuple[Array, ...]:
        """Return codes and scales, and the shape that words do not tell."""
        scales = Array(".weight_scale", self.scale, (rows, self._groups(cols)))
        if not self.packed:
            return Array(".weight", "I8", (rows, cols)), scales
        words = Array(".weight_packed", "I32", (rows, self._code_bytes(cols) // 4))
        shape = Array(".weight_shape", "I64", (2,), along=None, constant=struct.pack("<2q", rows, cols))
        return words, scales, shape

    def shape_of(self, stored: Mapping[str, StoredTensor], read: Callable[[str], bytes]) -> tuple[int, int]:
        """Return rows and columns, of packed codes as `weight_shape` says."""
        if not self.packed:
            return _rows_and_columns(stored[".weight"].shape)
        rows, words = _rows_and_columns(stored[".weight_packed"].shape)
        raw = read(".weight_shape")
        said = struct.unpack("<2q", raw) if len(raw) == 16 else (0, 0)  # noqa: PLR2004 - two int64
        if said[0] != rows or said[1] < 1 or self._code_bytes(said[1]) != 4 * words:
            raise ValueError(f"weight_shape says {list(said)}, and weight_packed has {rows} rows of {words} words")
        return rows, said[1]

    def refuses(self, shape: Shape, args: Args) -> str | None:  # noqa: ARG002 - `group` has what was written
        """Refuse a group that does not divide the columns."""
        return refuse_blocks(shape, self.group or 1, "its group")

    def nbytes(self, shape: Shape, args: Args) -> int:  # noqa: ARG002 - likewise
        """Return the bytes of records."""
        return _record_bytes(self, shape)

    def encode(self, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:
        """Return records with compressed-tensors' own arithmetic, or with ggml's where a GGUF type is carried."""
        from qrecipe_compressed_tensors import arithmetic  # noqa: PLC0415 - planning loads no numpy

        if self.carried is not None:
            return self.relaid(self.carried.encode(rows, args, importance), rows.shape[1])
        scales = arithmetic.integer_scales(rows, self.width, self.group or rows.shape[1], self.scale)
        return self._records(arithmetic.integer_codes(rows, scales, self.width), scales)

    def decode(self, data: bytes | memoryview, cols: int) -> FloatArray:
        """Return scale * code, float32."""
        from qrecipe_compressed_tensors.arithmetic import multiplied  # noqa: PLC0415 - likewise

        return multiplied(*self.parted(data, cols))

    def relaid(self, blocks: bytes, cols: int) -> bytes:
        """Return records with the codes and scales of ggml's blocks."""
        from qrecipe_compressed_tensors.relaying import codes_and_scales  # noqa: PLC0415 - likewise

        assert self.carried is not None  # noqa: S101 - callers ask for it
        codes, scales = codes_and_scales(self.carried.name, blocks, cols)
        return self.joined(codes, scales.repeat(self._groups(cols) // scales.shape[1], axis=1))

    def joined(self, codes: NDArray[np.int8], scales: FloatArray) -> bytes:
        """Return records; scales are rounded to their dtype."""
        from qrecipe_compressed_tensors.arithmetic import rounded_scales  # noqa: PLC0415 - likewise

        return self._records(codes, rounded_scales(scales, self.scale))

    def parted(self, records: bytes | memoryview, cols: int) -> tuple[NDArray[np.int8], FloatArray]:
        """Return codes and scales."""
        from qrecipe_compressed_tensors.packing import unpack  # noqa: PLC0415 - likewise
        from qrecipe_compressed_tensors.records import part  # noqa: PLC0415 - likewise

        stored, scales = part(records, self._code_bytes(cols), self._groups(cols), self.scale)
        return (unpack(stored.view("<i4"), self.width, cols) if self.packed else stored.view("i1")), scales

    def _records(self, codes: NDArray[np.int8], scales: FloatArray) -> bytes:
        from qrecipe_compressed_tensors.packing import pack  # noqa: PLC0415 - likewise
        from qrecipe_compressed_tensors.records import join  # noqa: PLC0415 - likewise

        stored = pack(codes, self.width) if self.packed else codes
        return join(stored.view("u1"), scales, self.scale)

    def _groups(self, cols: int) -> int:
        return 1 if self.group is None else cols // self.group

    def _code_bytes(self, cols: int) -> int:
        return -(-cols * self.width // 32) * 4 if self.packed else cols


@dataclass(frozen=True, slots=True)
class Float8Scheme:
    """E4M3 with a scale for each row.

    Attributes:
        scale: The dtype of scales: `BF16`, `F16`, `F32`.
        activations: What happens to the input.
    """

    scale: str
    activations: Activations = "none"
    name: str = "fp8"
    format: str = "float-quantized"
    arguments: tuple[Argument, ...] = ()
    family: str = "compressed-tensors"
    block: None = None
    bits: None = None
    gguf_id: None = None
    is_float: bool = False
    imatrix: Literal["unused", "used", "needed", "required"] = "unused"
    carried: None = None
    grid: None = None

    def arrays(self, rows: int, cols: int) -> tuple[Array, ...]:
        """Return codes and scales."""
        return Array(".weight", "F8_E4M3", (rows, cols)), Array(".weight_scale", self.scale, (rows, 1))

    def shape_of(self, stored: Mapping[str, StoredTensor], read: Callable[[str], bytes]) -> tuple[int, int]:  # noqa: ARG002 - the header tells
        """Return the codes' shape."""
        return _rows_and_columns(stored[".weight"].shape)

    def refuses(self, shape: Shape, args: Args) -> str | None:  # noqa: ARG002 - there are no arguments
        """Refuse what has no rows."""
        return refuse_blocks(shape, 1, "its block")

    def nbytes(self, shape: Shape, args: Args) -> int:  # noqa: ARG002 - likewise
        """Return the bytes of records."""
        return _record_bytes(self, shape)

    def encode(self, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:  # noqa: ARG002 - likewise
        """Return records with compressed-tensors' own arithmetic."""
        from qrecipe_compressed_tensors import arithmetic, records  # noqa: PLC0415 - planning loads no numpy

        scales = arithmetic.float8_scales(rows, self.scale)
        return records.join(arithmetic.float8_codes(rows, scales), scales, self.scale)

    def decode(self, data: bytes | memoryview, cols: int) -> FloatArray:
        """Return scale * code, float32."""
        from qrecipe_compressed_tensors import arithmetic, float8, records  # noqa: PLC0415 - likewise

        codes, scales = records.part(data, cols, 1, self.scale)
        return arithmetic.multiplied(float8.decode(codes), scales)

    def relaid(self, blocks: bytes, cols: int) -> bytes:
        """Raise: nothing is carried."""
        raise NotImplementedError

    def joined(self, codes: NDArray[np.int8], scales: FloatArray) -> bytes:
        """Raise: there is no grid."""
        raise NotImplementedError

    def parted(self, records: bytes, cols: int) -> tuple[NDArray[np.int8], FloatArray]:
        """Raise: there is no grid."""
        raise NotImplementedError


CtScheme = IntegerScheme | Float8Scheme


def _rows_and_columns(shape: Shape) -> tuple[int, int]:
    if len(shape) != 2:  # noqa: PLR2004 - a matrix
        raise ValueError(f"codes of shape {list(shape)} are no matrix")
    return shape[0], shape[1]


def _record_bytes(scheme: Scheme, shape: Shape) -> int:
    return prod(shape[:-1]) * sum(array.row_bytes for array in scheme.arrays(1, shape[-1]))
