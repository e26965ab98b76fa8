"""What can be looked at without a recipe: a checkpoint's headers, the types that recipes may name, the plug-ins."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.artifacts import like_its_source, opened_artifact, quantized_with, unknown_quantization
from qrecipe.api.opening import model_of, open_checkpoint
from qrecipe.errors import QrecipeError
from qrecipe.host.catalog import make_catalog
from qrecipe.inventory.build import inventory_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qrecipe.errors import Diagnostic
    from qrecipe.host.catalog import Catalog
    from qrecipe.types.format import Format
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.tensor import Inventory


@dataclass(frozen=True, slots=True)
class Inspection:
    """An opened checkpoint.

    Attributes:
        checkpoint: What its files say; its `read` gives weights. Of an artifact with codes and scales in arrays of
            their own, tensors are its source's: `dtype` says in words what is stored (`int4(group=32)`).
        inventory: What qrecipe makes of it.
        quantized: With which method a folder is quantized, as its config.json says; None where it says nothing.
        formats: What decodes the tensors that are stored as several arrays, by name.
        findings: Warnings.
    """

    checkpoint: Checkpoint
    inventory: Inventory
    quantized: str | None = None
    formats: Mapping[str, Format] = field(default_factory=dict)
    findings: tuple[Diagnostic, ...] = ()

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
    """Read the headers of a checkpoint or of an artifact, and no weight.

    Args:
        reference: A GGUF or safetensors file, a folder, `pkg:NAME`, or what a plug-in opens.

    Raises:
        SourceError: There is no such checkpoint, or its headers are not to be believed.
    """
    catalog = make_catalog()
    checkpoint = open_checkpoint(str(reference), Path.cwd(), catalog)
    method = quantized_with(checkpoint)
    found = opened_artifact(checkpoint, catalog)
    if found is not None:
        return Inspection(found.tensors, _inventory(found.tensors, catalog), method, found.formats)
    if method is None:
        return Inspection(checkpoint, model_of(checkpoint, catalog)[1])
    unknown = replace(unknown_quantization(checkpoint, method), severity="warning")
    return Inspection(checkpoint, inventory_of(checkpoint, None), method, findings=(unknown,))


def _inventory(artifact: Checkpoint, catalog: Catalog) -> Inventory:
    """Describe an artifact, under canonical names where an architecture knows those of its source."""
    try:
        found = model_of(like_its_source(artifact), catalog)[1]
    except QrecipeError:
        return inventory_of(artifact, None)
    stored = (artifact.tensors.get(t.source_names[0] if t.source_names else t.name) for t in found.tensors)
    pairs = zip(found.tensors, stored, strict=True)
    tensors = tuple(tensor if its is None else replace(tensor, dtype=its.dtype) for tensor, its in pairs)
    return replace(found, tensors=tensors, origin=None)


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
