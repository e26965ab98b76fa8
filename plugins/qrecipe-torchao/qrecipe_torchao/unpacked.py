"""Codes of a byte each, with scales and zero points that are all 0: the arrays of Intx and Int8 tensors."""

from __future__ import annotations

from qrecipe_torchao.part import Part


def name(width: int, group: int | None) -> str:
    """Return how people read it: `int8`, `int4(group=32)`."""
    return f"int{width}" if group is None else f"int{width}(group={group})"


def parts(cols: int, group: int | None, scale: str) -> tuple[Part, ...]:
    """Return codes, scales, zero points."""
    groups = cols // (group or cols)
    return Part("qdata", "I8", cols), Part("scale", scale, groups), Part("zero_point", "I8", groups)
