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

    Attributes:
        tensor: Its name in the artifact.
        type: What the artifact stores.
        source_type: What the source stores.
        weights: How many were compared: all of the tensor's.
        rmse: The root of the mean square of the differences; infinite where one of two different values is not finite,
            or where nothing decodes the type.
        relative: `rmse` over the root of the mean square of the source's weights.
        max_error: The largest difference; infinite likewise.
        identical: The share, 0 to 1, of weights that are the source's to the bit once they are rounded to its type;
            where that is no plain float, once both are decoded. -0 counts as 0.
        blocks: How many blocks of the artifact's type; 0 where it is plain.
        certified: How many of these have only identical weights, whatever fit has made them.
    """

    tensor: str
    type: str
    source_type: str
    weights: int
    rmse: float
    relative: float
    max_error: float
    identical: float
    blocks: int = 0
    certified: int = 0


@dataclass(frozen=True, slots=True)
class Survival:
    """What a folder target keeps of the weights that it quantizes.

    Attributes:
        dtype: What its runtime computes in: `BF16`, `F16` or `F32`.
        share: Which share of the weights, 0 to 1, is the source's once rounded to its type.
        better: What would keep more, in words (`dtype = "float16"`), with the share; the most first.
    """

    dtype: str
    share: float
    better: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a plan's decisions would make of the weights, tried out in memory.

    Attributes:
        target: Its name.
        exact: From all rows; else from a few of each tensor.
        values: Of each tensor, in the plan's order; `type` is as recipes write it, `weights` those that were tried.
        survival: What a folder target keeps of the weights that it quantizes; None elsewhere.
    """

    target: str
    exact: bool
    values: tuple[TensorValues, ...]
    survival: Survival | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """An artifact, checked.

    Attributes:
        artifact: What was checked, as it was asked for.
        nbytes: Size of its files.
        tensors: How many tensors are in them; 0 where the header cannot be read.
        lock: None where it has none, or none that can be read.
        source: What values were compared with; None where they were not.
        differences: Everything that is not as it should be.
        values: How close each tensor is, in the file's order; () without a source.
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
