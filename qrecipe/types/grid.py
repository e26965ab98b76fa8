"""The grids that quantization-aware training left in a checkpoint, as looking at its weights finds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from qrecipe.types.format import BlockCounts

if TYPE_CHECKING:
    from qrecipe.types.tensor import Shape


@dataclass(frozen=True, slots=True)
class Grid:
    """Integers q of some bits times a scale for each group.

    Attributes:
        width: Bits of q: -2^(width-1) … 2^(width-1)-1; under a scale below 0, positive weights have the last code.
        symmetric: The last code is not in use.
        group: How many neighbours share a scale; None: the whole row, or column.
        scale: The plainest type that holds all scales: `BF16`, `F16`, `F32`.
        axis: Whether groups lie along rows, as every block of GGUF does, or along columns.
    """

    width: int
    symmetric: bool
    group: int | None
    scale: str
    axis: Literal["row", "column"] = "row"

    @property
    def codes(self) -> tuple[int, int]:
        """The least and the largest q."""
        half = 1 << (self.width - 1)
        return -half + self.symmetric, half - 1


@dataclass(frozen=True, slots=True)
class GridRun:
    """Rows on one grid.

    Attributes:
        row: From which row on, up to the next run that was seen.
        grid: Which one; None: none.
    """

    row: int
    grid: Grid | None


@dataclass(frozen=True, slots=True)
class TensorGrid:
    """One matrix, and its grid.

    Attributes:
        tensor: Its canonical name.
        shape: Outermost first.
        dtype: What the source stores.
        grid: On which all rows that were looked at lie; None where there is none.
        exact: All rows were looked at, not a sample.
        rows: How many were.
        blocks: Groups in these rows; 0 without a grid, and for one along columns.
        certified: Of these, how many are given back bit for bit by a scale of `grid`, and codes.
        runs: Where rows are on different grids, the first changes, by row; () where they are not.
        type: The GGUF type that holds this grid, as recipes write it; `keep` where none does.
        counts: Blocks of that type in these rows: with its F16 scales, fewer may be certified.
        why: Why there is no grid, one phrase; empty where there is.
    """

    tensor: str
    shape: Shape
    dtype: str
    grid: Grid | None
    exact: bool
    rows: int
    blocks: int = 0
    certified: int = 0
    runs: tuple[GridRun, ...] = ()
    type: str = "keep"
    counts: BlockCounts = field(default_factory=BlockCounts)
    why: str = ""


@dataclass(frozen=True, slots=True)
class GridInspection:
    """A checkpoint, looked through for grids.

    Attributes:
        reference: What was looked at, as it was asked for.
        arch: GGUF's `general.architecture`; empty where it is unknown.
        tensors: Its matrices of floats, in canonical order.
        others: How many tensors were not looked at: vectors, and what is quantized already.
    """

    reference: str
    arch: str
    tensors: tuple[TensorGrid, ...]
    others: int
