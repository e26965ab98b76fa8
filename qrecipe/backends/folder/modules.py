"""Decisions under canonical names → modules under the checkpoint's own: what is written, and as what.

A stack of experts is one decision and many modules. A tensor of the checkpoint that the text model does not use is
copied. A tensor that only a converter makes (`rope_freqs`) is not written: the checkpoint has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from qrecipe.backends.folder import faults
from qrecipe.backends.folder.family import Family, Module
from qrecipe.errors import Diagnostic, PlanError
from qrecipe.types.source import StoredTensor

if TYPE_CHECKING:
    from qrecipe.types.decision import Decision
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory, TensorInfo


def modules_of(
    family: Family, inventory: Inventory, decisions: Sequence[Decision], target: Target, *, part: bool = False
) -> tuple[Module, ...]:
    """Return the modules in the order of the decisions, then what is copied besides, in the checkpoint's order.

    With `part`, nothing is copied besides. PlanError where the family does not store what was decided.
    """
    decided = {name: module for decision in decisions for name, module in _decided(family, inventory, decision, target)}
    used = {name for tensor in inventory.tensors for name in sources_of(tensor, inventory)}
    besides = () if part or inventory.origin is None else inventory.origin.tensors.values()
    copied = (_plain(stored, None, stored.dtype) for stored in besides if stored.name not in used)
    return (*decided.values(), *copied)


def shared_sources(inventory: Inventory, decisions: Sequence[Decision]) -> Iterator[Diagnostic]:
    """Yield an error for each tensor of the checkpoint that is behind two tensors with different types."""
    seen: dict[str, Decision] = {}
    for decision in decisions:
        for source in sources_of(decision.tensor, inventory):
            first = seen.setdefault(source, decision)
            if (first.type, first.keep) != (decision.type, decision.keep):
                yield faults.shared_source(source, first.tensor, decision.tensor)


def sources_of(tensor: TensorInfo, inventory: Inventory) -> tuple[str, ...]:
    """Return the checkpoint's names behind a tensor."""
    return tensor.source_names or (() if inventory.mapped else (tensor.name,))


def stored_of(name: str, tensor: TensorInfo, inventory: Inventory) -> StoredTensor:
    """Return a tensor of the checkpoint; made up of the canonical one's shape where an inventory stands in."""
    if inventory.origin is not None:
        return inventory.origin.tensors[name]
    shape = tensor.shape[1:] if len(tensor.source_names) > 1 else tensor.shape
    return StoredTensor(name, tensor.source_dtype or tensor.dtype, shape, 0, 0, 0)


def _decided(family: Family, inventory: Inventory, decision: Decision, target: Target) -> Iterator[tuple[str, Module]]:
    tensor, use = decision.tensor, decision.type
    for source in sources_of(tensor, inventory):
        stored = stored_of(source, tensor, inventory)
        if decision.keep or use.format.is_float:
            yield source, _plain(stored, decision, use.format.name)
            continue
        scheme = family.scheme(use, tensor, target, inventory)
        if isinstance(scheme, str):
            raise PlanError(_not_stored(decision, scheme))
        for name, start, stop in family.slices(stored, tensor, target, inventory):
            shape = (stop - start, stored.shape[-1])
            rows = (start, stop)
            yield name, Module(name, source, rows, shape, tensor, use, scheme, "", decision.rule, stored.shape)


def _plain(stored: StoredTensor, decision: Decision | None, dtype: str) -> Module:
    rows = (0, prod(stored.shape[:-1]))
    plain = Module(stored.name, stored.name, rows, stored.shape, dtype=dtype, source_shape=stored.shape)
    if decision is None:
        return plain
    return replace(plain, tensor=decision.tensor, use=decision.type, rule=decision.rule)


def _not_stored(decision: Decision, why: str) -> Diagnostic:
    return Diagnostic(
        "not-stored",
        f"{decision.type} cannot be stored for tensor {decision.tensor.name!r}",
        why=why,
        fix="plan again from the recipe",
    )
