"""What of quantized weights is left in the dtype that a folder's runtime computes in, and what would keep more.

A scheme is asked for as each of them would store the same type; its scales are those that the runtime uses. A weight is
left where it is the source's once rounded to the source's type. Tried on a few rows of each tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qrecipe.backends.folder.dtypes import DTYPES, run_dtype
from qrecipe.backends.folder.options import FolderOptions
from qrecipe.types.target import Backend, Target
from qrecipe.types.verification import Survival

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.types.decision import Decision
    from qrecipe.types.format import Format
    from qrecipe.types.tensor import Inventory

Share = Callable[[Sequence[tuple["Decision", "Format"]]], float]
"""Tries decisions with the formats that store them; returns which share of the weights is the source's."""


def survival(
    target: Target, decisions: Sequence[Decision], inventory: Inventory, catalog: Catalog, share: Share
) -> Survival | None:
    """Return what a target keeps; None where it is no folder, or quantizes nothing."""
    backend = catalog.backends[target.backend]
    quantized = [each for each in decisions if not each.keep and not each.type.format.is_float]
    if not target.output.endswith("/") or not quantized or not isinstance(target.options, FolderOptions):
        return None
    own = _made(quantized, backend, target, inventory) or []
    kept = share(own)
    found = []
    for words, other, asked in _others(target, inventory, catalog) if kept < 1 else ():
        made = _made(quantized, other, asked, inventory)
        if made is not None and made != own and (theirs := share(made)) > kept:
            found.append((words, theirs))
    return Survival(run_dtype(target, inventory), kept, tuple(sorted(found, key=lambda pair: -pair[1])))


def _others(target: Target, inventory: Inventory, catalog: Catalog) -> Iterator[tuple[str, Backend, Target]]:
    """Yield the other dtypes of the target's backend, then the other backends of folders."""
    assert isinstance(target.options, FolderOptions)  # noqa: S101 - callers have looked
    for name, dtype in DTYPES.items():
        if dtype != run_dtype(target, inventory):
            options = target.options.model_copy(update={"dtype": name})
            yield f'dtype = "{name}"', catalog.backends[target.backend], replace(target, options=options)
    for name, backend in catalog.backends.items():
        if name != target.backend and issubclass(backend.options, FolderOptions):
            asked = Target(target.name, name, target.output, None, backend.options(dtype=target.options.dtype))
            if backend.refuses(inventory, asked) is None:
                yield f"backend {name}", backend, asked


def _made(
    decisions: Sequence[Decision], backend: Backend, target: Target, inventory: Inventory
) -> list[tuple[Decision, Format]] | None:
    """Return what each type is stored as; None where one of them is not stored."""
    if any(backend.stores(each.type, each.tensor, target, inventory) is not None for each in decisions):
        return None
    return [(each, backend.stored_as(each.type, each.tensor, target, inventory)) for each in decisions]
