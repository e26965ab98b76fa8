"""Colours by bits per weight: viridis in eight steps, which stay apart under every common colour blindness.

Colour is never alone: every cell has its type's letters, every bar its figure.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cache

from rich.style import Style

BANDS = ((2.2, "1-2"), (3.2, "3"), (4.3, "4"), (5.2, "4.5-5"), (6.2, "5.5-6"), (7.5, "6.6"), (9.0, "8"), (99.0, "16+"))
"""Most bits per weight of each step, and what a legend says."""
_COLOURS = ("#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725")
_LIGHT_FROM = 4  # from this step on black text reads better than white


def band(bits: float) -> int:
    """Return the step of so many bits per weight, from 0."""
    return min(bisect_left([most for most, _ in BANDS], bits), len(BANDS) - 1)


@cache
def cell_style(step: int) -> Style:
    """Return how a cell of that step looks; text and ground differ by more than 4.5:1."""
    return Style(color="#000000" if step >= _LIGHT_FROM else "#ffffff", bgcolor=_COLOURS[step])


@cache
def bar_style(step: int, *, dark: bool) -> Style:
    """Return how a bar of that step looks: on a dark theme the two darkest steps are lifted, on a light one lowered."""
    lifted = {0: "#7b3fa0", 1: "#6a5ab8"} if dark else {6: "#6f9a1d", 7: "#b8a200"}
    return Style(color=lifted.get(step, _COLOURS[step]))
