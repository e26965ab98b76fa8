"""What the tool does with a file of each kind, up to the first byte that it would write: read, check, plan, describe.

An opener raises QrecipeError where the file is refused; anything else that it raises is a finding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

import qrecipe
from qrecipe.api import outcome, replan, verifying
from qrecipe.api.looking import Inspection
from qrecipe.cli.inspect import _document
from qrecipe.errors import QrecipeError
from qrecipe.host.catalog import Catalog, make_catalog
from qrecipe.inventory.build import inventory_of
from qrecipe.inventory.compact import read_inventory, write_inventory
from qrecipe.planner import planfile
from qrecipe.planner.plan import Plan
from qrecipe.sources.imatrix import read_imatrix
from qrecipe.sources.local import LocalSource
from tests.fuzz.hub_seeds import open_and_read

REAL = "real.toml"  # a recipe of a real model, whose inventory would take more memory than the file


def open_as(kind: str, path: Path) -> None:
    OPENERS[kind](path)


@contextmanager
def one_catalog() -> Iterator[None]:
    """Look plug-ins up once a process: they are not what is tried, and take longer than a small file does."""
    with ExitStack() as patches:
        for module in (outcome, replan, verifying):
            patches.enter_context(patch.object(module, "make_catalog", _catalog))
        yield


@cache
def _catalog() -> Catalog:
    return make_catalog(discover=False)


def _checkpoint(path: Path) -> None:
    checkpoint = LocalSource().open(path.name, path.parent)
    for tensor in checkpoint.tensors.values():
        assert len(checkpoint.read(tensor.name, 0, tensor.nbytes)) == tensor.nbytes
    for entry in checkpoint.metadata or ():
        entry.first()
    inventory = inventory_of(checkpoint)
    json.dumps(_document(Inspection(checkpoint, inventory)))


def _imatrix(path: Path) -> None:
    found = read_imatrix(path)
    assert all(values.size for values in found.entries.values())


def _recipe(path: Path) -> None:
    source = str(path.with_name("model.gguf")) if path.name == REAL else None
    planfile.dumps(outcome.bring_together(path, source=source, settings=None).planned())


def _plan(path: Path) -> None:
    qrecipe.rehearse(path, source=str(path.with_name("model.gguf")), output=path.with_name("out"))


def _lock(path: Path) -> None:
    found = qrecipe.verify(path)
    if found.differences:
        raise QrecipeError(*found.differences)
    qrecipe.read_lock(path)


def _inventory(path: Path) -> None:
    inventory = read_inventory(path)
    write_inventory(inventory)
    if not inventory.tensors:
        raise QrecipeError


def _model(path: Path) -> None:
    """Build a checkpoint's tensors, hold them against the plan, and look for what was written elsewhere."""
    before, plans = {found.name for found in path.parent.iterdir()}, list[Plan]()
    built = qrecipe.build(path, output=path.with_name("out"), threads=1, only=["**"], on_plan=plans.append).built[0]
    planfile.dumps(plans[0])
    assert all(str(finding).replace("\n", "").isprintable() for finding in plans[0].findings)
    assert {found.name for found in path.parent.iterdir()} - before == {"out"}
    assert tuple((path.parent / "out").iterdir()) == built.paths
    written = LocalSource().open(str(built.paths[0]), path.parent).tensors
    planned = {each.tensor.name: (each.tensor.shape, built.target.nbytes(each)) for each in built.target.decisions}
    assert {tensor.name: (tensor.shape, tensor.nbytes) for tensor in written.values()} == planned


OPENERS = {
    "gguf": _checkpoint,
    "splits": _checkpoint,
    "safetensors": _checkpoint,
    "imatrix-gguf": _imatrix,
    "imatrix-legacy": _imatrix,
    "recipe": _recipe,
    "plan": _plan,
    "lock": _lock,
    "inventory": _inventory,
    "model": _model,
    "hub": open_and_read,
}
