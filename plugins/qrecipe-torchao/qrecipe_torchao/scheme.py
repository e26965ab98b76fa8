"""Schemes: tensor classes of torchao as qrecipe's formats. Encoded rows are records (`qrecipe.types.scheme`).

Rows are taken a few at a time, so that what is computed stays in the processor's cache: memory above input and output
is small, and numpy is faster so than on whole pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

import numpy as np
from qrecipe.errors import BuildError, Diagnostic
from qrecipe.types.scheme import ITEM_BITS, Array, Grid

from qrecipe_torchao import e4m3
from qrecipe_torchao.arithmetic import Quantized, bounds
from qrecipe_torchao.carried import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from qrecipe.backends.folder.family import Module
    from qrecipe.types.format import Args, Argument, FloatArray, Format
    from qrecipe.types.source import StoredTensor
    from qrecipe.types.tensor import Shape

    from qrecipe_torchao.store import Field, Store

_AT_ONCE = 1 << 16  # weights
_MATRIX = 2  # dimensions


@dataclass(frozen=True, slots=True)
class TorchaoScheme:
    """A store, and the ggml type that it carries, if any; every promise of `types.scheme.Scheme`."""

    store: Store
    carried: Format | None = None

    @property
    def name(self) -> str:
        """`int4(group=32)`."""
        return self.store.name

    @property
    def family(self) -> str:
        """`torchao`."""
        return "torchao"

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """None: the store has it all."""
        return ()

    @property
    def block(self) -> int | None:
        """The group; None where a row shares a scale."""
        return self.store.group

    @property
    def bits(self) -> float | None:
        """Bits of a weight with its part of a group's scale; None where a row shares one."""
        group = self.store.group
        return None if group is None else 8 * self._record(group) / group

    @property
    def gguf_id(self) -> None:
        """No GGUF stores it."""
        return

    @property
    def is_float(self) -> bool:
        """It is quantized."""
        return False

    @property
    def imatrix(self) -> Literal["unused"]:
        """No configuration of torchao weighs columns."""
        return "unused"

    def refuses(self, shape: Shape, args: Args) -> str | None:  # noqa: ARG002 - the store has them
        """Refuse what is no matrix, what the group does not divide, and what the class does not take."""
        if len(shape) != _MATRIX or not prod(shape):
            return f"a matrix has rows and columns, not {list(shape)}"
        if self.store.group is not None and shape[1] % self.store.group:
            return f"{shape[1]} columns are no multiple of {self.store.group}, its group"
        return self.store.refuses(*shape)

    def nbytes(self, shape: Shape, args: Args) -> int:  # noqa: ARG002 - the store has them
        """Return the bytes of records."""
        return prod(shape[:-1]) * self._record(shape[-1])

    def arrays(self, rows: int, cols: int) -> tuple[Array, ...]:
        """Return the class's arrays under the names that torchao's safetensors have."""
        return tuple(
            Array(
                f"._weight_{part.name}",
                part.dtype,
                (part.row, rows) if part.turned else (rows, part.row),
                1 if part.turned else 0,
            )
            for part in self.store.parts(cols)
        )

    def encode(self, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:  # noqa: ARG002 - as above
        """Encode with torchao's arithmetic."""
        records = np.empty((rows.shape[0], self._record(rows.shape[1])), np.uint8)
        for some in _few(*rows.shape):
            with np.errstate(over="ignore", invalid="ignore"):
                found = self.store.quantize(rows[some])
            if not np.isfinite(found.scales).all():
                raise _overflow(rows[some])
            self._write(found, records[some])
        return records.tobytes()

    def decode(self, data: bytes | memoryview, cols: int) -> FloatArray:
        """Return scale · code, and zero points added."""
        records = self._records(data, cols)
        rows = np.empty((len(records), cols), np.float32)
        for some in _few(*rows.shape):
            rows[some] = _values(self._read(records[some], cols))
        return rows

    def relaid(self, blocks: bytes, cols: int) -> bytes:
        """Return rows of ggml blocks as records."""
        assert self.carried is not None  # noqa: S101 - the protocol's promise
        carried = TYPES[self.carried.name]
        row = cols // carried.block * carried.block_bytes
        records = np.empty((len(blocks) // row, self._record(cols)), np.uint8)
        for some in _few(len(records), cols):
            self._write(carried.quantized(blocks[some.start * row : some.stop * row], cols), records[some])
        return records.tobytes()

    def shape_of(self, stored: Mapping[str, StoredTensor], read: Callable[[str], bytes]) -> tuple[int, int]:
        """Return the shape of the codes, in weights."""
        del read
        shape = stored["._weight_qdata"].shape
        if len(shape) != _MATRIX:
            raise ValueError(f"its codes have {len(shape)} dimensions, not {_MATRIX}")
        return shape[0], self.store.columns(shape[1])

    @property
    def grid(self) -> Grid | None:
        """Integers times a scale; None for E4M3."""
        if self.store.width is None:
            return None
        return Grid(self.store.width, self.store.group, self.store.scale, *bounds(self.store.width))

    def joined(self, codes: NDArray[np.int8], scales: FloatArray) -> bytes:
        """Return records; scales are rounded to the dtype that is stored."""
        records = np.empty((codes.shape[0], self._record(codes.shape[1])), np.uint8)
        for some in _few(*codes.shape):
            self._write(Quantized(np.ascontiguousarray(codes[some]), scales[some]), records[some])
        return records.tobytes()

    def parted(self, records: bytes, cols: int) -> tuple[NDArray[np.int8], FloatArray]:
        """Return codes and scales, zero points left out."""
        found = self._read(self._records(records, cols), cols)
        return found.codes.view(np.int8), found.scales

    def _widths(self, cols: int) -> tuple[int, ...]:
        return tuple(part.row * ITEM_BITS[part.dtype] // 8 for part in self.store.parts(cols))

    def _record(self, cols: int) -> int:
        return sum(self._widths(cols))

    def _records(self, data: bytes | memoryview, cols: int) -> Field:
        return np.frombuffer(data, np.uint8).reshape(-1, self._record(cols))

    def _write(self, quantized: Quantized, records: Field) -> None:
        np.concatenate(self.store.fields(quantized), axis=1, out=records)

    def _read(self, records: Field, cols: int) -> Quantized:
        ends = np.cumsum(self._widths(cols))[:-1]
        return self.store.quantized(tuple(np.split(records, ends, axis=1)))


def stores_of(modules: Sequence[Module]) -> Iterator[tuple[Module, Store]]:
    """Yield the quantized modules with their stores."""
    for module in modules:
        if isinstance(module.scheme, TorchaoScheme):
            yield module, module.scheme.store


def _few(rows: int, cols: int) -> Iterator[slice]:
    step = max(1, _AT_ONCE // max(cols, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def _overflow(rows: FloatArray) -> BuildError:
    return BuildError(
        Diagnostic(
            "scale-overflow",
            f"weights as large as {np.abs(rows).max():.6g} have no finite scale",
            why="scales are chosen in the dtype that the model computes in, as torchao does, and overflow there",
            fix='set dtype = "float32" on the target, or keep this tensor',
        )
    )


def _values(found: Quantized) -> FloatArray:
    n, groups = found.scales.shape
    codes = e4m3.decode(found.codes.view(np.uint8)) if found.codes.dtype == np.uint8 else found.codes.astype(np.float32)
    blocks = codes.reshape(n, groups, -1)
    blocks *= found.scales[..., None]
    if found.zeros is not None:
        blocks += found.zeros[..., None]
    return blocks.reshape(n, -1)
