"""The integers of conditions: 64 bits, signed, division cut towards zero as in C. None is unknown."""

from __future__ import annotations

LEAST, GREATEST = -(2**63), 2**63 - 1


def kept(number: int) -> int | None:
    """Return a result that fits in 64 bits; unknown if it does not."""
    return number if LEAST <= number <= GREATEST else None


def divide(dividend: int, divisor: int) -> int | None:
    """Divide, cut towards zero; unknown by 0 and on overflow."""
    if divisor == 0:
        return None
    quotient = abs(dividend) // abs(divisor)
    return kept(quotient if (dividend < 0) == (divisor < 0) else -quotient)


def remainder(dividend: int, divisor: int) -> int | None:
    """Return what is left of a division cut towards zero: it has the dividend's sign; unknown by 0."""
    if divisor == 0:
        return None
    left = abs(dividend) % abs(divisor)
    return -left if dividend < 0 else left
