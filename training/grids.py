"""Grids of weights: `s * q` with whole q, one s for each block of 32 or each row, and training on them.

Fake quantization with trained scales: the forward pass sees bf16(s * q), the backward pass goes straight through each
rounding. s is a BF16 number too, and none is so small that F16, which holds the scales of GGUF's types, loses bits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_SMALLEST = 2.0**-14  # F16 numbers below are subnormal
_TRIED = 24


@dataclass(frozen=True, slots=True)
class Grid:
    """Codes from `lowest` to `highest`; `block` weights share a scale, all of a row if it is None."""

    lowest: int
    highest: int
    block: int | None

    def blocks(self, weight: Tensor) -> Tensor:
        """Return the weights with one block a row."""
        return weight.reshape(-1, self.block or weight.shape[1])


BITS_2, BITS_4, BITS_8 = Grid(-2, 1, None), Grid(-8, 7, 32), Grid(-127, 127, 32)
LAYOUTS: Mapping[str, tuple[tuple[str, Grid | None], ...]] = {
    "q4_0": (
        (r"per_layer_model_projection", None),
        (r"", BITS_4),
    ),
    "mobile": (
        (r"per_layer_model_projection", None),
        (r"model\.embed_tokens\.weight|layers\.[23]\.mlp\.", BITS_2),  # 2 and 3: the wide blocks, which share KV
        (r"per_layer_input_gate|per_layer_projection\.", BITS_8),
        (r"", BITS_4),
    ),
}


def of(layout: str, weights: Mapping[str, Tensor]) -> dict[str, Grid]:
    """Return each matrix's grid, by name; norms and what stays in 16 bits have none."""
    first = {
        name: next(grid for pattern, grid in LAYOUTS[layout] if re.search(pattern, name))
        for name, weight in weights.items()
        if weight.ndim == 2  # noqa: PLR2004 - a matrix
    }
    return {name: grid for name, grid in first.items() if grid}


def first_scales(weight: Tensor, grid: Grid) -> Tensor:
    """Return the logarithms of the scales that round with the least error, of some dozen, one for each block."""
    import torch  # noqa: PLC0415 - heavy

    blocks = grid.blocks(weight)
    fits = blocks.abs().amax(1, keepdim=True) * 2 / (grid.highest - grid.lowest)
    best, least = fits, torch.full_like(fits, torch.inf)
    for share in torch.linspace(0.25, 1.2, _TRIED).tolist():
        scale = (fits * share).clamp_min(_SMALLEST)
        error = (
            ((blocks / scale).round().clamp(grid.lowest, grid.highest) * scale - blocks).square().sum(1, keepdim=True)
        )
        best, least = torch.where(error < least, scale, best), torch.minimum(error, least)
    return best.clamp_min(_SMALLEST).log()


def on_grid(weight: Tensor, scales: Tensor, grid: Grid) -> Tensor:
    """Return the weights rounded to the grid, as float32 numbers that BF16 holds; gradients pass each rounding."""
    import torch  # noqa: PLC0415 - heavy

    class Rounded(torch.autograd.Function):
        """Forward: rounded, exactly. Backward: as if nothing had been."""

        @staticmethod
        def forward(_: object, value: Tensor, to_integers: bool) -> Tensor:
            return value.round() if to_integers else value.bfloat16().float()

        @staticmethod
        def backward(_: object, gradient: Tensor) -> tuple[Tensor, None]:
            return gradient, None

    scale = Rounded.apply(scales.exp().clamp_min(_SMALLEST), False)
    codes = Rounded.apply((grid.blocks(weight) / scale).clamp(grid.lowest, grid.highest), True)
    return Rounded.apply(codes * scale, False).view_as(weight)
