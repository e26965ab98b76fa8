"""What verifying an artifact finds: every difference, and how close its weights are to the source's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic
    from qrecipe.types.lock import WrittenLock


@dataclass(frozen=True, slots=True)
class TensorValues:
    """How far a tensor's weights are from the source's.

    `rmse` is the root of the mean square of the differences and `max_error` the largest one, infinite where one of two
    different values is not finite, or where nothing decodes the type. `relative` is `rmse` over the root of the mean
    square of the source's weights. `identical` is the share of weights that are the source's to the bit once they are
    rounded to its type; where that is no plain float, once both are decoded.
    """

    tensor: str
    type: str
    source_type: str
    weights: int
    rmse: float
    relative: float
    max_error: float
    identical: float


@dataclass(frozen=True, slots=True)
class Verification:
    """An artifact, checked. `lock` is None where it has none or none that can be read.

    `nbytes` is the size of its files, `tensors` the number of tensors in them (0 where the header cannot be read),
    `source` what values were compared with. `values` are in the file's order, () without a source.
    """

    artifact: str
    nbytes: int
    tensors: int
    lock: WrittenLock | None
    source: str | None
    differences: tuple[Diagnostic, ...]
    values: tuple[TensorValues, ...] = ()

    @property
    def sound(self) -> bool:
        """Nothing differs."""
        return not self.differences
