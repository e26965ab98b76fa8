"""The lock: what made an artifact, written into it. No time, host, user, thread count or absolute path.

Everything here is known when a plan is made; the digests of weights are not, but their number is, so that the size of
an artifact is known before it is built.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic

LOCK_VERSION = 1


@dataclass(frozen=True, slots=True)
class Lock:
    """Which recipe, source, plan and versions make an artifact. Digests are SHA-256, hexadecimal.

    Attributes:
        name: The recipe's name.
        recipe: The text of a recipe that gives the artifact again by itself, parents and variables included.
        source: The checkpoint: a file's name, or a reference (`pkg:NAME`).
        source_digest: Of all headers of the source.
        target: The name of the target that became the artifact.
        plan_digest: Of the target and its decisions.
        imatrix_digest: Of the imatrix file; empty without one.
        versions: `name version` of qrecipe, ggml's package and every plug-in that takes part, sorted.
        types: Those of the tensors in canonical order, as recipes write them, ` copied` behind those of which the
            artifact has the source's bytes.
    """

    name: str
    recipe: str
    source: str
    source_digest: str
    target: str = ""
    plan_digest: str = ""
    imatrix_digest: str = ""
    versions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    @property
    def measured(self) -> tuple[bool, ...]:
        """For each tensor, whether its type names a fit: then the lock says what came of it."""
        return tuple(map(names_fit, self.types))


@dataclass(frozen=True, slots=True)
class LockedMeasure:
    """What came of the fit that the recipe chose for a tensor.

    Attributes:
        blocks: Those that the fit counted; 0 where it counts none.
        certified: Of these, how many give every weight back bit for bit.
        near: Of the others, how many give every weight back to one step of BF16.
        weights: All of the tensor's.
        identical: Of these, how many are the source's to the bit once rounded to its type.
        squares: The sum of the squared differences.
    """

    blocks: int
    certified: int
    near: int
    weights: int
    identical: int
    squares: float

    @property
    def rmse(self) -> float:
        """The root of the mean square of the differences."""
        return math.sqrt(self.squares / max(self.weights, 1))

    @property
    def sound(self) -> bool:
        """The numbers can be."""
        counted = self.certified + self.near <= self.blocks and self.identical <= self.weights
        return counted and 0 <= self.squares < math.inf


@dataclass(frozen=True, slots=True)
class LockedTensor:
    """What a lock says of one tensor. Digests are `tensor_digest` over SHA-256 of its pieces, hexadecimal.

    Attributes:
        name: As the artifact has it.
        type: As recipes write it, ` copied` behind it where the artifact has the source's bytes.
        source_digest: Of the bytes as the source stores them.
        digest: Of the bytes as the artifact stores them.
        measure: What came of the fit; None where its type names none.
        dtype: What the artifact has, where that is not the type's name: `int4(group=32)` for a Q4_0; else empty.
    """

    name: str
    type: str
    source_digest: str
    digest: str
    measure: LockedMeasure | None = None
    dtype: str = ""

    @property
    def stored(self) -> str:
        """What the artifact has: `dtype`, else the name of the type, without arguments and without ` copied`."""
        if self.dtype:
            return self.dtype
        return self.type.partition("(")[0].partition(" ")[0]


@dataclass(frozen=True, slots=True)
class WrittenLock:
    """A lock as it stands in an artifact.

    Attributes:
        lock: What made the artifact.
        tensors: In the file's order.
        header_digest: SHA-256 of the header as the lock states it, hexadecimal.
        sealed: The header has that digest.
        only: The patterns whose tensors the artifact has; () where it has all of the model.
        damage: What else is not as the lock has it: other files of the artifact.
        file: The name of the file that the lock is, whose digest `header_digest` is then; empty in a header.
    """

    lock: Lock
    tensors: tuple[LockedTensor, ...]
    header_digest: str
    sealed: bool
    only: tuple[str, ...] = ()
    damage: tuple[Diagnostic, ...] = ()
    file: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an artifact says of its making.

    Attributes:
        imatrix: The imatrix, under llama-quantize's names (`quantize.imatrix.file`, …); {} without one.
        lock: None where none is to be written.
        only: The patterns of a partial build, which holds the tensors that they cover; () for a whole one.
    """

    imatrix: Mapping[str, str | int] = field(default_factory=dict)
    lock: Lock | None = None
    only: tuple[str, ...] = ()


def names_fit(type_: str) -> bool:
    """Say whether a type, as recipes write it, names its fit."""
    return "fit=" in type_
