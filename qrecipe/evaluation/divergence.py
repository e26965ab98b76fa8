"""Two models' predictions at the same positions, compared: what every measure is made of.

Distributions are computed in float64 from float32 logits, a few rows at a time. A reference is a matrix of
log-probabilities: exact ones (`log_softmax`), or as llama-perplexity stores them (`stored.py`), which need not add up
to 1 and of which it leaves out what is below `floor`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray

    Floats = NDArray[np.float64]

_HELD = 1 << 20  # logits that are compared at a time


@dataclass(frozen=True, slots=True)
class Scores:
    """What positions came to; arrays of one length.

    Attributes:
        kld: Divergence of the artifact's distribution from the reference's.
        nll: Minus the log-probability that the artifact gives to the right token.
        nll_source: The same of the reference.
        same_top: Both hold the same token most likely; of equal ones the first counts.
    """

    kld: Floats
    nll: Floats
    nll_source: Floats
    same_top: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reference:
    """How a reference's logits become log-probabilities, and from which on they count."""

    log_probabilities: Callable[[FloatArray], Floats]
    floor: float = -inf


def log_softmax(logits: FloatArray) -> Floats:
    """Return the logarithms of the probabilities, by rows.

    >>> log_softmax(np.zeros((1, 4), np.float32)).round(4).tolist()
    [[-1.3863, -1.3863, -1.3863, -1.3863]]
    """
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


EXACT = Reference(log_softmax)
"""A reference as it is."""


def compare(source: FloatArray, artifact: FloatArray, targets: NDArray[np.int32], reference: Reference) -> Scores:
    """Compare logits, [n, vocabulary] each, at positions whose right tokens are `targets`, [n]."""
    rows = max(_HELD // source.shape[1], 1)
    spans = [slice(start, start + rows) for start in range(0, len(source), rows)]
    return joined(_compared(source[span], artifact[span], targets[span], reference) for span in spans)


def joined(parts: Iterable[Scores]) -> Scores:
    """Put the scores of several spans into one."""
    found = list(parts)
    return Scores(*(np.concatenate(column) for column in zip(*map(_columns, found), strict=True)))


def _columns(scores: Scores) -> Iterator[NDArray[np.generic]]:
    yield from (scores.kld, scores.nll, scores.nll_source, scores.same_top)


def _compared(source: FloatArray, artifact: FloatArray, targets: NDArray[np.int32], reference: Reference) -> Scores:
    theirs, ours = reference.log_probabilities(source), log_softmax(artifact)
    rows = np.arange(len(targets))
    counts = theirs > reference.floor
    # what has no probability adds nothing, even where the other model rules it out as well
    terms = np.where(counts, np.exp(theirs) * (np.where(counts, theirs, 0) - np.where(counts, ours, 0)), 0)
    return Scores(
        terms.sum(axis=1),
        -ours[rows, targets],
        -theirs[rows, targets],
        theirs.argmax(axis=1) == artifact.argmax(axis=1),
    )
