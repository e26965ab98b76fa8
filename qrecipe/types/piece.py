"""Pieces: how the rows of a tensor are cut, for tasks and for digests. The shape alone decides.

A piece holds whole rows of one matrix, near 2 M weights, and pieces of a matrix are as equal as they can be. So the
digest of a tensor, SHA-256 over the SHA-256 of its pieces, does not depend on memory, threads or order, and pieces can
be digested in parallel when an artifact is made and when it is verified.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import prod

from qrecipe.types.format import BlockCounts
from qrecipe.types.tensor import Shape

WEIGHTS = 1 << 21
DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class PieceDigests:
    """Digests of one piece, 32 bytes each.

    Attributes:
        source: SHA-256 of its bytes as the source stores them.
        output: SHA-256 of its bytes as the artifact stores them.
    """

    source: bytes
    output: bytes


@dataclass(frozen=True, slots=True)
class Measured:
    """How close a piece, or a tensor, is to its source; all 0 where nobody asked.

    Attributes:
        weights: How many were compared: all, or none.
        identical: Of these, how many are the source's to the bit once rounded to its type.
        squares: The sum of the squared differences; the same whatever steps it was summed in.
    """

    weights: int = 0
    identical: int = 0
    squares: float = 0.0


@dataclass(frozen=True, slots=True)
class PieceWritten:
    """What a task tells about the piece that it wrote; a build reports the counts of backends that return this.

    Attributes:
        digests: Of its bytes.
        counts: Of its blocks.
        measured: How close it is, where the recipe has chosen a fit.
    """

    digests: PieceDigests
    counts: BlockCounts = field(default_factory=BlockCounts)
    measured: Measured = field(default_factory=Measured)


def pieces(shape: Shape) -> Iterator[tuple[int, int]]:
    """Yield the row ranges of a tensor's pieces, in order; rows are those of all its matrices one after another.

    >>> list(pieces((2, 1000, 4096)))  # two matrices, each of 4,096,000 weights
    [(0, 500), (500, 1000), (1000, 1500), (1500, 2000)]
    """
    cols = shape[-1] if shape else 1
    rows = shape[-2] if len(shape) > 1 else 1
    count = max(-(-rows * cols // WEIGHTS), 1) if cols < WEIGHTS else rows
    count = min(count, rows)
    for first in range(0, prod(shape[:-2]) * rows, rows or 1):
        for i in range(count):
            yield first + rows * i // count, first + rows * (i + 1) // count


def steps(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield the row ranges in which a piece is gone through, `step` rows at a time."""
    for first in range(start, stop, step):
        yield first, min(first + step, stop)


def tensor_digest(digests: Iterable[bytes]) -> bytes:
    """Return the digest of a tensor from those of its pieces, in order."""
    return hashlib.sha256(b"".join(digests)).digest()


def whole(results: Iterable[object]) -> PieceWritten:
    """Return a tensor's digests, counts and measures from what its tasks returned, in order."""
    found = [result for result in results if isinstance(result, PieceWritten)]
    digests = (tensor_digest(p.digests.source for p in found), tensor_digest(p.digests.output for p in found))
    measured = Measured(
        sum(p.measured.weights for p in found),
        sum(p.measured.identical for p in found),
        math.fsum(p.measured.squares for p in found),
    )
    return PieceWritten(PieceDigests(*digests), sum((p.counts for p in found), BlockCounts()), measured)
