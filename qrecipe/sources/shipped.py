"""`lib:NAME`: a model that comes with the tool. It is a folder with a checkpoint, and read like any other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from qrecipe.errors import Location
from qrecipe.recipe.shipped import LIB, shipped_model
from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.local import LocalSource


@dataclass(frozen=True, slots=True)
class ShippedSource:
    """Small models, to try things out on."""

    name: str = "shipped"
    example: str = "lib:NAME"

    def claims(self, reference: str, folder: Path) -> bool:  # noqa: ARG002 - the protocol's
        """Take what begins with `lib:`."""
        return reference.startswith(LIB)

    def open(self, reference: str, folder: Path) -> FileCheckpoint:  # noqa: ARG002 - the protocol's
        """Open the one checkpoint in the model's folder, under the name that means it everywhere."""
        where = shipped_model(reference.removeprefix(LIB), Location(file=reference))
        return replace(LocalSource().open(str(where), where), reference=reference)
