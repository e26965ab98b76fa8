"""The choice within a chain: the first entry that the target stores and the shape allows. Values never choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.recipe.chain import KEEP, AnyOf
from qrecipe.types.decision import PassedOver
from qrecipe.types.format import TypeUse

if TYPE_CHECKING:
    from qrecipe.recipe.chain import BoundChain
    from qrecipe.types.target import Backend, Target
    from qrecipe.types.tensor import Inventory, TensorInfo

Objection = Callable[[TypeUse], PassedOver | None]


@dataclass(frozen=True, slots=True)
class Choice:
    """`use` is None for `keep`. `open` are the other alternatives of an `any(…)` that would fit, as text."""

    use: TypeUse | None
    passed_over: tuple[PassedOver, ...] = ()
    open: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "keep" if self.use is None else str(self.use)


def objection(
    use: TypeUse, tensor: TensorInfo, target: Target, backend: Backend, inventory: Inventory
) -> PassedOver | None:
    """Say why a type does not fit this tensor in this target; None if it fits."""
    if (why := backend.stores(use, tensor, target, inventory)) is not None:
        return PassedOver(str(use), "backend", why)
    if (why := use.format.refuses(tensor.shape, use.args)) is not None:
        return PassedOver(str(use), "shape", why)
    return None


def choose(chain: BoundChain, object_to: Objection) -> tuple[Choice | None, tuple[PassedOver, ...]]:
    """Return the choice (None if no entry fits) and every entry that was passed over on the way."""
    passed: list[PassedOver] = []
    for entry in chain:
        if entry is KEEP:
            return Choice(None, tuple(passed)), tuple(passed)
        if isinstance(entry, AnyOf):
            choice, skipped = _choose_any(entry, object_to)
            passed += skipped
            if choice is not None:
                return Choice(choice.use, (*passed, *choice.passed_over), choice.open), tuple(passed)
        elif isinstance(entry, TypeUse):
            if (against := object_to(entry)) is None:
                return Choice(entry, tuple(passed)), tuple(passed)
            passed.append(against)
    return None, tuple(passed)


def _choose_any(entry: AnyOf, object_to: Objection) -> tuple[Choice | None, tuple[PassedOver, ...]]:
    """Take the first alternative that fits and name the others that would; those that do not fit are dropped.

    Only what stands before the one that is taken was passed over: what comes behind it was never a wish.
    """
    fitting: list[Choice] = []
    skipped: list[PassedOver] = []
    for alternative in entry.chains:
        choice, passed = choose(alternative, object_to)
        if choice is not None:
            fitting.append(choice)
        elif not fitting:
            skipped += passed
    if not fitting:
        return None, tuple(skipped)
    first, *others = fitting
    further = (text for other in others for text in (str(other), *other.open))
    return Choice(first.use, first.passed_over, (*first.open, *further)), tuple(skipped)
