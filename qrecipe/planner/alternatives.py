"""Alternatives of patterns that match nothing: the `upp` of `{gate,upp}`, beside others that do match.

Only those written in the built file are judged, and none of a pattern that matches nothing at all or that is optional.
An alternative in a variable is of use if it is so in any rule that uses the variable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic
from qrecipe.planner.candidates import covered_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qrecipe.errors import Location
    from qrecipe.recipe.pattern import Alternative
    from qrecipe.recipe.recipe import Rule
    from qrecipe.types.tensor import Inventory


def idle_alternatives(rules: Sequence[Rule], inventory: Inventory, file: str) -> Iterator[Diagnostic]:
    """Yield a warning for each alternative written in `file` with which no pattern covers a tensor."""
    judged = [rule for rule in rules if not rule.optional]
    found = [a for rule in judged for a in rule.match.alternatives() if a.location.file == file]
    if not found:
        return
    useful = _useful(found, inventory)
    by_place: dict[Location, list[int]] = {}
    for index, alternative in enumerate(found):
        by_place.setdefault(alternative.location, []).append(index)
    idle = {place for place, members in by_place.items() if useful.isdisjoint(members)}
    for rule in judged:
        mine = {a.location: a for a in rule.match.alternatives() if a.location.file == file}
        if any(place not in idle for place in mine):
            yield from (_idle(mine[place]) for place in mine if place in idle)
            idle -= mine.keys()


def _useful(found: Sequence[Alternative], inventory: Inventory) -> set[int]:
    """Return the indexes of alternatives that cover at least one tensor."""
    covered = covered_by([alternative.pattern for alternative in found], inventory)
    return {index for tensor in covered for index in tensor.rules}


def _idle(alternative: Alternative) -> Diagnostic:
    return Diagnostic(
        "alternative-idle",
        f"the alternative '{alternative.text}' matches no tensor of this model",
        alternative.location,
        why="the other alternatives of the pattern do, so the rule has an effect, but not this one",
        fix="correct its spelling, or take it out",
        severity="warning",
    )
