"""Quantities as people read them, the same in every front end."""

from __future__ import annotations

from collections.abc import Iterable

_THOUSAND = 1000  # decimal units, as file sizes are quoted


def size(nbytes: int) -> str:
    """Return bytes in decimal units.

    >>> size(17271886400), size(-1500), size(12)
    ('17.3 GB', '-1.5 kB', '12 B')
    """
    value = float(nbytes)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < _THOUSAND:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _THOUSAND
    return f"{value:.2f} TB"


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers as runs.

    >>> ranges([29, 30, 31, 0, 1, 6])
    '0-1, 6, 29-31'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
