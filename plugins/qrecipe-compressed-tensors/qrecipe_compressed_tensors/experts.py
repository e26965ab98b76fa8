"""Fused experts: one tensor of the checkpoint with the matrices of all experts, as modules of each expert.

Gemma 4 holds `…experts.gate_up_proj` [experts, 2 × intermediate, hidden], gate in the first half of each expert's rows,
and `…experts.down_proj` [experts, hidden, intermediate]; compressed-tensors names a module for each expert and
projection. Source: `Gemma4TextExperts` in transformers 5.23.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from qrecipe_compressed_tensors.names import leaf, parent

if TYPE_CHECKING:
    from qrecipe.types.source import StoredTensor

_STACK = 3
_HALVES = {"gate_up_proj": ("gate_proj", "up_proj")}


def expert_slices(stored: StoredTensor) -> Sequence[tuple[str, int, int]]:
    """Return name, first row, and the row behind the last, of each module that a tensor becomes."""
    name = stored.name.removesuffix(".weight")
    if len(stored.shape) != _STACK:
        return [(name, 0, prod(stored.shape[:-1]))]
    count, rows, _ = stored.shape
    parts = _HALVES.get(leaf(name), (leaf(name),))
    each = rows // len(parts)
    return [
        (f"{parent(name)}.{expert}.{part}", expert * rows + i * each, expert * rows + (i + 1) * each)
        for expert in range(count)
        for i, part in enumerate(parts)
    ]
