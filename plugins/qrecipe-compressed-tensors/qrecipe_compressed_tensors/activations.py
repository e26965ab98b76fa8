"""Activations: which modules get what a target asks for, and where static scales come from.

Only linear layers of `int8` without group, or of `fp8`, have quantized inputs. All else stays weight-only, with a
warning. A static scale is the checkpoint's `<module>.input_scale`, shape [1], which is copied as any tensor is; this
is where it is looked for, before any work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic

from qrecipe_compressed_tensors.groups import scheme_of
from qrecipe_compressed_tensors.options import options_of

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module
    from qrecipe.types.origin import Origin
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory


def activation_findings(modules: Sequence[Module], inventory: Inventory, target: Target) -> Iterator[Diagnostic]:
    """Yield scales that are missing, and modules whose inputs stay as they are."""
    asked = options_of(target).activations
    if asked == "none":
        return
    schemes = [(module.name, scheme) for module in modules if (scheme := scheme_of(module)) is not None]
    reached = [name for name, scheme in schemes if scheme.activations != "none"]
    others = [(name, scheme.name) for name, scheme in schemes if scheme.activations == "none"]
    type_ = asked.removeprefix("static-")
    if not reached:
        yield _nothing(target, asked, type_)
    elif others:
        yield _weight_only(asked, type_, others)
    if asked.startswith("static-") and inventory.origin is not None:
        yield from _scales(reached, inventory.origin)


def _scales(modules: Sequence[str], origin: Origin) -> Iterator[Diagnostic]:
    missing = [module for module in modules if f"{module}.input_scale" not in origin.tensors]
    if missing:
        yield _missing(missing)
    for module in modules:
        found = origin.tensors.get(f"{module}.input_scale")
        if found is not None and found.shape != (1,):
            yield _many(f"{module}.input_scale", found.shape)


def _nothing(target: Target, asked: str, type_: str) -> Diagnostic:
    return Diagnostic(
        "activations-unused",
        f"target {target.name!r} quantizes activations, but no module's",
        why=f"activations = {asked!r} is for linear layers of type {_TYPES[type_]}, and there is none",
        fix=f'say type = "{type_}" where inputs shall be quantized, or leave activations out',
    )


def _weight_only(asked: str, type_: str, others: Sequence[tuple[str, str]]) -> Diagnostic:
    types = ", ".join(dict.fromkeys(name for _, name in others))
    count = (
        "1 module keeps its inputs as they are: it is"
        if len(others) == 1
        else (f"{len(others)} modules keep their inputs as they are: they are")
    )
    return Diagnostic(
        "activations-partly",
        f"{count} {types}, the first {others[0][0]!r}",
        why=f"activations = {asked!r} is for linear layers of type {_TYPES[type_]}, experts excepted",
        fix=f'say type = "{type_}" for them, or let them be weight-only',
        severity="warning",
    )


def _missing(modules: Sequence[str]) -> Diagnostic:
    more = "" if len(modules) == 1 else f", nor for {len(modules) - 1} more modules"
    return Diagnostic(
        "input-scale-missing",
        f"the checkpoint has no {modules[0] + '.input_scale'!r}{more}",
        why="static activations take each module's scale from the checkpoint, where training or calibration left it",
        fix='set activations to the dynamic "int8" or "fp8", which needs none, or choose a checkpoint that has them',
    )


def _many(name: str, shape: tuple[int, ...]) -> Diagnostic:
    return Diagnostic(
        "input-scale-shape",
        f"{name!r} has shape {list(shape)}",
        why="a static scale is one number for a module's whole input, and runtimes read it as an array of shape [1]",
        fix='set activations to the dynamic "int8" or "fp8", or choose a checkpoint with one scale for each module',
    )


_TYPES = {"int8": "int8 without group", "fp8": "fp8"}
