"""From scores at positions to measures, with llama-perplexity's formulas (`kl_divergence` in `perplexity.cpp`).

Standard errors take positions as independent. Quantiles are interpolated between ranks; their interval is that of the
ranks which a binomial count would have in 95 % of samples, so it needs no assumption on the distribution.
"""

from __future__ import annotations

from math import ceil, exp, floor, inf, sqrt
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.types.evaluation import Estimate, Measures, Quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.evaluation.divergence import Scores

    Floats = NDArray[np.float64]

_FEW = 10  # values of which llama-perplexity estimates no error
_SIDE = 1.959964  # standard deviations to each side of a 95 % interval


def measures_of(scores: Scores) -> Measures:
    """Return the measures of positions, two at least."""
    count = len(scores.kld)
    kld = np.sort(scores.kld)
    log_ppl, log_source = mean(scores.nll), mean(scores.nll_source)
    same = float(scores.same_top.mean())
    return Measures(
        positions=count,
        kld=mean(scores.kld),
        kld_median=quantile(kld, 0.5),
        kld_99=quantile(kld, 0.99),
        kld_999=quantile(kld, 0.999),
        kld_max=float(kld[-1]),
        same_top=Estimate(same, sqrt(same * (1 - same) / (count - 1))),
        perplexity=_exponential(log_ppl),
        perplexity_source=_exponential(log_source),
        log_ratio=Estimate(log_ppl.value - log_source.value, mean(scores.nll - scores.nll_source).error),
        rms_change=_root(mean((np.exp(-scores.nll) - np.exp(-scores.nll_source)) ** 2)),
    )


def mean(values: Floats) -> Estimate:
    """Return the mean and its standard error.

    >>> mean(np.arange(12.0))
    Estimate(value=5.5, error=1.0408329997330663)
    """
    count = len(values)
    return Estimate(float(values.mean()), sqrt(float(values.var()) / (count - 1)) if count > _FEW else 0.0)


def quantile(ordered: Floats, share: float) -> Quantile:
    """Return a quantile of values in ascending order.

    >>> quantile(np.arange(101.0), 0.5)
    Quantile(value=50.0, low=40.0, high=60.0)
    """
    last = len(ordered) - 1
    place = share * last
    below = floor(place)
    part = place - below
    value = (1 - part) * ordered[below] + part * ordered[min(below + 1, last)]
    side = _SIDE * sqrt(len(ordered) * share * (1 - share))
    low, high = ordered[max(floor(place - side), 0)], ordered[min(ceil(place + side), last)]
    return Quantile(float(value), float(low), float(high))


def _exponential(logarithm: Estimate) -> Estimate:
    try:
        value = exp(logarithm.value)
    except OverflowError:  # logits further apart than 709
        return Estimate(inf, inf)
    return Estimate(value, value * logarithm.error)


def _root(square: Estimate) -> Estimate:
    value = sqrt(square.value)
    return Estimate(value, 0.5 / value * square.error if value else 0.0)
