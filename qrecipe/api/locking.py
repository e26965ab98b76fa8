"""Makes locks: what an artifact will say of its making, as far as it is known before a weight is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from qrecipe.planner.lock import locked_types, plan_digest
from qrecipe.recipe.reference import own_name
from qrecipe.recipe.render import rendered
from qrecipe.types.lock import Lock

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.planner.plan import Imatrix
    from qrecipe.recipe.recipe import Recipe
    from qrecipe.types.decision import Decision
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory


def lock_of(recipe: Recipe, checkpoint: Checkpoint, imatrix: Imatrix | None) -> Lock:
    """Return what all targets of a recipe share."""
    return Lock(
        name=recipe.name,
        recipe=rendered(recipe, source=checkpoint.reference),
        source=_readable(own_name(checkpoint.reference)),
        source_digest=checkpoint.header_digest,
        imatrix_digest="" if imatrix is None else imatrix.digest,
    )


def locked(lock: Lock, target: Target, decisions: Sequence[Decision], inventory: Inventory, catalog: Catalog) -> Lock:
    """Return the lock of one target: its name, its types and their digest, the versions of all that takes part."""
    taking_part = {*_versions(target, decisions, catalog), *_converters(inventory, catalog)}
    return replace(
        lock,
        target=target.name,
        plan_digest=plan_digest(target, decisions),
        versions=tuple(sorted(taking_part)),
        types=locked_types(decisions),
    )


def _readable(name: str) -> str:
    """Return a file's name with what is no UTF-8 in it replaced: a lock is text."""
    return name.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


def _versions(target: Target, decisions: Sequence[Decision], catalog: Catalog) -> Iterator[str]:
    """Yield `name version` of qrecipe, of ggml's package, and of each third party's plug-in that is used."""
    yield f"qrecipe {version('qrecipe')}"
    yield f"libggml-python {version('libggml-python')}"
    used = {("backends", target.backend)}
    for decision in decisions:
        used |= {("formats", decision.type.format.name), ("fits", decision.type.fit.name)}
    yield from _third_parties(used, catalog)


def _converters(inventory: Inventory, catalog: Catalog) -> Iterator[str]:
    """Yield who made the names and the metadata of a checkpoint that is no GGUF file."""
    if inventory.architecture:
        yield from (f"{package} {version(package)}" for package in ("gguf", "tokenizers"))
        yield from _third_parties({("architectures", inventory.architecture)}, catalog)


def _third_parties(used: Iterable[tuple[str, str]], catalog: Catalog) -> Iterator[str]:
    origins = (catalog.origins.get(item) for item in used)
    yield from (origin for origin in origins if origin is not None and not origin.startswith("qrecipe:"))
