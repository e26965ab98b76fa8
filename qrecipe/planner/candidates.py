"""Which rules cover which tensors, by name alone: all patterns of a recipe against all names, once.

Plain patterns cover canonical names. `hf:` patterns cover the checkpoint's names; a tensor stacked from several is
covered when all of them are, and a pattern that covers some but not all of them is a fault (one tensor, one type).
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING

from qrecipe.recipe.automaton import PatternSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qrecipe.recipe.pattern import Pattern
    from qrecipe.types.tensor import Inventory, TensorInfo


@dataclass(frozen=True, slots=True)
class Covered:
    """One tensor: `rules` yields the indexes of its patterns, in order; `torn` has those that cover a part."""

    tensor: TensorInfo
    rules: Iterable[int]
    torn: tuple[int, ...] = ()


def covered_by(patterns: Sequence[Pattern], inventory: Inventory) -> Iterator[Covered]:
    """Yield every tensor in canonical order with the patterns that cover its name. `rules` may be iterated once."""
    plain = [index for index, pattern in enumerate(patterns) if not pattern.hf]
    names = PatternSet([patterns[index] for index in plain]).match([tensor.name for tensor in inventory.tensors])
    checkpoint = _checkpoint_hits(patterns, inventory)
    for tensor, hits in zip(inventory.tensors, names, strict=True):
        whole, torn = _stacked(tensor, checkpoint)
        by_name = (plain[hit] for hit in hits)
        yield Covered(tensor, merge(by_name, whole) if whole else by_name, torn)


def covers(pattern: Pattern, tensor: TensorInfo) -> bool:
    """Say whether one pattern covers one tensor."""
    if not pattern.hf:
        return pattern.covers(tensor.name)
    return bool(tensor.source_names) and all(pattern.covers(name) for name in tensor.source_names)


def tensors_by_pattern(patterns: Sequence[Pattern], inventory: Inventory) -> dict[Pattern, list[TensorInfo]]:
    """Return pattern → the tensors that it covers, in canonical order; equal patterns are asked once."""
    distinct = list(dict.fromkeys(patterns))
    found: dict[Pattern, list[TensorInfo]] = {pattern: [] for pattern in distinct}
    lists = list(found.values())
    for covered in covered_by(distinct, inventory) if distinct else ():
        for index in covered.rules:
            lists[index].append(covered.tensor)
    return found


def _checkpoint_hits(patterns: Sequence[Pattern], inventory: Inventory) -> dict[str, frozenset[int]]:
    """Return checkpoint name → indexes of the `hf:` patterns that cover it; empty without such patterns."""
    chosen = [index for index, pattern in enumerate(patterns) if pattern.hf]
    if not chosen:
        return {}
    names = list(dict.fromkeys(name for tensor in inventory.tensors for name in tensor.source_names))
    hits = PatternSet([patterns[index] for index in chosen]).match(names)
    return {name: frozenset(chosen[hit] for hit in found) for name, found in zip(names, hits, strict=True)}


def _stacked(tensor: TensorInfo, checkpoint: dict[str, frozenset[int]]) -> tuple[list[int], tuple[int, ...]]:
    if not checkpoint or not tensor.source_names:
        return [], ()
    each = [checkpoint[name] for name in tensor.source_names]
    whole = frozenset.intersection(*each)
    return sorted(whole), tuple(sorted(frozenset.union(*each) - whole))
