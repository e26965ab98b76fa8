"""Schemes: tensor classes of torchao as qrecipe's formats. Encoded rows are records (`qrecipe.types.scheme`)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal, cast

from qrecipe.types.scheme import ITEM_BITS, Array, Grid

from qrecipe_torchao.part import bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from qrecipe.backends.folder.family import Module
    from qrecipe.types.format import Args, Argument, FloatArray, Format
    from qrecipe.types.source import StoredTensor
    from qrecipe.types.tensor import Shape

    from qrecipe_torchao.stores import Store

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
        from qrecipe_torchao import records  # noqa: PLC0415 - planning loads no numpy

        return records.encode(self.store, rows)

    def decode(self, data: bytes | memoryview, cols: int) -> FloatArray:
        """Return scale · code, and zero points added."""
        from qrecipe_torchao import records  # noqa: PLC0415 - planning loads no numpy

        return records.decode(self.store, data, cols)

    def relaid(self, blocks: bytes, cols: int) -> bytes:
        """Return rows of ggml blocks as records."""
        from qrecipe_torchao import records  # noqa: PLC0415 - planning loads no numpy

        assert self.carried is not None  # noqa: S101 - the protocol's promise
        return records.relaid(self.store, self.carried.name, blocks, cols)

    def shape_of(self, stored: Mapping[str, StoredTensor], read: Callable[[str], bytes]) -> tuple[int, int]:
        """Return the shape of the codes, in weights."""
        del read
        shape = stored["._weight_qdata"].shape
        if len(shape) != _MATRIX:
            raise ValueError(f"its codes have {len(shape)} dimensions, not {_MATRIX}")
        return shape[0], self.store.columns(shape[1])

    @property
    def grid(self) -> Grid | None:
        """Integers times a scale; None for E4M3, and where groups have zero points."""
        if self.store.width is None or self.store.zeros:
            return None
        return Grid(self.store.width, self.store.group, self.store.scale, *bounds(self.store.width))

    def joined(self, codes: NDArray[np.int8], scales: FloatArray) -> bytes:
        """Return records; scales are rounded to the dtype that is stored."""
        from qrecipe_torchao import records  # noqa: PLC0415 - planning loads no numpy

        return records.joined(self.store, codes, scales)

    def parted(self, records: bytes, cols: int) -> tuple[NDArray[np.int8], FloatArray]:
        """Return codes and scales."""
        from qrecipe_torchao import records as made  # noqa: PLC0415 - likewise

        found = made.parted(self.store, records, cols)
        return cast("NDArray[np.int8]", found.codes), found.scales

    def _record(self, cols: int) -> int:
        return sum(part.row * ITEM_BITS[part.dtype] // 8 for part in self.store.parts(cols))


def stores_of(modules: Sequence[Module]) -> Iterator[tuple[Module, Store]]:
    """Yield the quantized modules with their stores."""
    for module in modules:
        if isinstance(module.scheme, TorchaoScheme):
            yield module, module.scheme.store
