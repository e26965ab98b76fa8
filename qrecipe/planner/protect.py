"""Which tensors no rule reaches unless it says `protected = true`, each with the reason in words.

Fewer than two dimensions, not of floating point, a canonical name that does not end in `weight`, or a name in the
shipped list (`lib:protected`) or the architecture's. A quantized source counts as floating point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.recipe.automaton import PatternSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qrecipe.recipe.pattern import Pattern
    from qrecipe.types.tensor import Inventory, TensorInfo

_NOT_FLOATING = frozenset({"I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL"})


def protected_tensors(inventory: Inventory, listed: Sequence[Pattern], release: str) -> Mapping[str, str]:
    """Return tensor name → why it is protected. `listed` are the patterns of `release` and of the architecture."""
    covered = PatternSet(listed).match([tensor.name for tensor in inventory.tensors])
    reasons: dict[str, str] = {}
    for tensor, hits in zip(inventory.tensors, covered, strict=True):
        pattern = next(iter(hits), None)
        why = _by_nature(tensor, mapped=inventory.mapped)
        if why is None and pattern is not None:
            why = f"{listed[pattern]} in lib:protected ({release})"
        if why is not None:
            reasons[tensor.name] = why
    return reasons


def _by_nature(tensor: TensorInfo, *, mapped: bool) -> str | None:
    if tensor.dims < 2:  # noqa: PLR2004 - a matrix has two
        return f"{tensor.dims} dimension{'' if tensor.dims == 1 else 's'}: no matrix"
    if tensor.dtype in _NOT_FLOATING:
        return f"{tensor.dtype} is no floating-point type"
    if mapped and not tensor.name.endswith("weight"):
        return "its name does not end in 'weight'"
    return None
