"""How close two encodings of the same rows are: sums over weights, which add up from pieces to tensors.

Equal bytes of one type are equal weights, whatever they hold (NaN too) and whether or not anything decodes them. Else
both are decoded to float32; differences and their squares are taken in float64. A difference that is not finite counts
as infinite, and so does one between types that nothing decodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan, sqrt
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.codecs.floats import encode_float
from qrecipe.errors import QrecipeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray, Format

_AT_ONCE = 1 << 16  # weights
_ROUNDED = MappingProxyType({"F32": "<u4", "F16": "<u2", "BF16": "<u2"})


@dataclass(frozen=True, slots=True)
class Closeness:
    """`squares` sums the squared differences, `energy` the squared weights of the source, `worst` is the largest.

    `identical` counts weights that are the source's once rounded to its type, `blocks` those of the output's type, none
    where that is plain, and `certified` the blocks of which every weight is identical.
    """

    weights: int = 0
    squares: float = 0.0
    energy: float = 0.0
    worst: float = 0.0
    identical: int = 0
    blocks: int = 0
    certified: int = 0

    def __add__(self, other: Closeness) -> Closeness:
        return Closeness(
            self.weights + other.weights,
            self.squares + other.squares,
            self.energy + other.energy,
            max(self.worst, other.worst),
            self.identical + other.identical,
            self.blocks + other.blocks,
            self.certified + other.certified,
        )

    @property
    def rmse(self) -> float:
        """Root of the mean square of the differences."""
        return sqrt(self.squares / max(self.weights, 1))

    @property
    def relative(self) -> float:
        """The same over that of the source's weights."""
        if not self.squares:
            return 0.0
        return sqrt(self.squares / self.energy) if 0 < self.energy < inf else inf


def closeness(output: bytes, source: bytes, formats: tuple[Format, Format], cols: int) -> Closeness:
    """Compare rows of `cols` weights as an artifact and its source store them, in the two formats."""
    theirs, block = _decoded(formats[1], source, cols), formats[0].block or 1
    if formats[0].name == formats[1].name and output == source:
        weights = theirs.size if theirs is not None else _count(formats[1], source, cols)
        blocks = weights // block if block > 1 else 0
        return Closeness(weights, 0.0, _energy(theirs), 0.0, weights, blocks, blocks)
    ours = _decoded(formats[0], output, cols)
    if theirs is None or ours is None:
        return Closeness(_count(formats[0], output, cols), inf, 0.0, inf)
    errors = _errors(ours, theirs)
    worst = float(errors.max(initial=0.0))
    same = _same(_codes(ours, formats[1]), _codes(theirs, formats[1], source))
    whole = same.reshape(-1, block).all(axis=1) if block > 1 else same[:0]
    identical, certified = int(np.count_nonzero(same)), int(np.count_nonzero(whole))
    return Closeness(ours.size, _energy(errors), _energy(theirs), worst, identical, int(np.size(whole)), certified)


def row_squares(
    output: bytes, source: bytes, formats: tuple[Format, Format], cols: int
) -> tuple[int, list[float]] | None:
    """Return how many weights are identical, and for each row the sum of its squared differences.

    A row's sum does not depend on the rows beside it, so that what is made of the sums is the same however rows are
    cut. None for types that nothing decodes.
    """
    sizes = [format_.nbytes((1, cols), ()) for format_ in formats]
    identical, squares = 0, list[float]()
    step = max(_AT_ONCE // cols, 1)
    for start in range(0, len(output) // sizes[0], step):
        data, stored = (raw[start * n : (start + step) * n] for raw, n in zip((output, source), sizes, strict=True))
        ours, theirs = _decoded(formats[0], data, cols), _decoded(formats[1], stored, cols)
        if ours is None or theirs is None:
            return None
        errors = _errors(ours, theirs)
        squares += np.square(errors, out=errors).sum(axis=1).tolist()
        identical += int(np.count_nonzero(_same(_codes(ours, formats[1]), _codes(theirs, formats[1], stored))))
    return identical, squares


def _errors(ours: FloatArray, theirs: FloatArray) -> NDArray[np.float64]:
    """Return how far apart weights are; those that are equal to the bit, two infinities say, are not apart."""
    with np.errstate(invalid="ignore"):
        errors = np.subtract(ours, theirs, dtype=np.float64)
    np.abs(errors, out=errors)
    if not np.isfinite(errors.max(initial=0.0)):
        errors[ours.view("<u4") == theirs.view("<u4")] = 0.0
        errors[np.isnan(errors)] = inf
    return errors


def _same(ours: NDArray[np.unsignedinteger], theirs: NDArray[np.unsignedinteger]) -> NDArray[np.bool_]:
    """Say which codes are equal; zeros of either sign are, for code 0 under a negative scale decodes to -0."""
    same: NDArray[np.bool_] = ours == theirs
    same |= (ours | theirs) << 1 == 0
    return same


def _decoded(format_: Format, data: bytes, cols: int) -> FloatArray | None:
    try:
        return format_.decode(data, cols)
    except QrecipeError:
        return None


def _count(format_: Format, data: bytes, cols: int) -> int:
    return len(data) // max(format_.nbytes((1, cols), ()), 1) * cols


def _energy(rows: FloatArray | NDArray[np.float64] | None) -> float:
    """Return the sum of squares, infinite where one is."""
    if rows is None:
        return 0.0
    total = float(np.square(rows, dtype=np.float64).sum())  # no BLAS, which would bring threads of its own
    return inf if isnan(total) else total


def _codes(rows: FloatArray, format_: Format, stored: bytes = b"") -> NDArray[np.unsignedinteger]:
    """Return the codes of weights in a plain type, those that are stored if they are; else their float32 bits."""
    if format_.name in _ROUNDED:
        return np.frombuffer(stored or encode_float(format_.name, rows), _ROUNDED[format_.name])
    return rows.view("<u4").ravel()
