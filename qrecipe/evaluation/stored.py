"""Log-probabilities as llama-perplexity stores a reference: 65,536 steps between the best token and 16 below it.

It explains the smaller part of what two engines differ by: every log-probability moves by up to half a step, what is
more than 16 below the best token is raised to there, and what is stored as -16 or less is left out of the divergence.
(`log_softmax` with `uint16_t * log_prob` in `perplexity.cpp`; arithmetic in float32 as there.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qrecipe.evaluation.divergence import Reference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.types.format import FloatArray

_DEPTH, _STEPS, _LEFT_OUT = 16, 65535, -16.0


def stored_log_probabilities(logits: FloatArray) -> NDArray[np.float64]:
    """Return what is read back, by rows."""
    best = logits.max(axis=1, keepdims=True)
    least = np.maximum(logits.min(axis=1, keepdims=True), best - np.float32(_DEPTH))
    log_sum = np.log(np.exp(logits - best).sum(axis=1, keepdims=True, dtype=np.float64)).astype(np.float32)
    scale = (best - least) / np.float32(_STEPS)
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale > 0)
    codes = np.rint(inverse * np.maximum(logits - least, 0))
    found: NDArray[np.float64] = (scale * codes + (least - best - log_sum)).astype(np.float64)
    return found


STORED = Reference(stored_log_probabilities, _LEFT_OUT)
"""A reference that went through llama-perplexity's file."""
