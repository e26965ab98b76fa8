"""What can be looked at without a recipe: a checkpoint's headers, the types that recipes may name, the plug-ins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.opening import model_of, open_checkpoint
from qrecipe.host.catalog import make_catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qrecipe.errors import Diagnostic
    from qrecipe.types.format import Format
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.tensor import Inventory


@dataclass(frozen=True, slots=True)
class Inspection:
    """An opened checkpoint.

    Attributes:
        checkpoint: What its files say; its `read` gives weights.
        inventory: What qrecipe makes of it.
    """

    checkpoint: Checkpoint
    inventory: Inventory

    @property
    def tensor_bytes(self) -> int:
        """Bytes of all tensors, padding not included."""
        return sum(tensor.nbytes for tensor in self.checkpoint.tensors.values())


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plug-in, working or not.

    Attributes:
        name: The distribution's.
        version: The distribution's.
        origin: `built in`, or its entry point.
        offers: Kind (`formats`, `backends`, …) → names that can be used.
        problems: What is wrong with it.
    """

    name: str
    version: str
    origin: str
    offers: Mapping[str, tuple[str, ...]]
    problems: tuple[Diagnostic, ...]


def inspect(reference: str | Path) -> Inspection:
    """Read the headers of a checkpoint, and no weight.

    Args:
        reference: A GGUF or safetensors file, a folder, `pkg:NAME`, or what a plug-in opens.

    Raises:
        SourceError: There is no such checkpoint, or its headers are not to be believed.
    """
    catalog = make_catalog()
    checkpoint = open_checkpoint(str(reference), Path.cwd(), catalog)
    return Inspection(checkpoint, model_of(checkpoint, catalog)[1])


def formats() -> tuple[Format, ...]:
    """Return every type that a recipe may name, plug-ins' included, by family, then by GGUF id or name."""
    found = make_catalog().formats.values()
    return tuple(sorted(found, key=lambda f: (f.family, f.gguf_id if f.gguf_id is not None else -1, f.name)))


def plugins() -> tuple[Plugin, ...]:
    """Return every plug-in, built-ins first, with what it brings and what is wrong with it.

    A name that two plug-ins claim is in `offers` of the one that keeps it, if one does.
    """
    catalog = make_catalog()
    return tuple(
        Plugin(
            provider.name,
            provider.version,
            provider.origin,
            catalog.offered_by(provider.key),
            tuple(trouble.finding for trouble in catalog.troubles if provider.key in trouble.keys),
        )
        for provider in catalog.providers
    )
