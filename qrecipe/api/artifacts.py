"""Finished artifacts as tensors, whichever backend wrote them; and words for folders that no backend knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from qrecipe.api.plugin_faults import blamed
from qrecipe.api.targets import OFFICIAL
from qrecipe.backends.folder.layout import LOCK
from qrecipe.backends.folder.view import FolderView
from qrecipe.errors import Diagnostic, Location
from qrecipe.sources.checkpoint import FileCheckpoint

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.types.artifact import Artifact
    from qrecipe.types.source import Checkpoint

_TABLES = ("quantization_config", "compression_config")  # of config.json; the second is an older name


def opened_artifact(checkpoint: Checkpoint, catalog: Catalog) -> Artifact | None:
    """Return an artifact of several arrays a tensor as tensors; None for what has tensors already.

    Raises:
        SourceError: It is such an artifact, and its arrays are not what its config says.
    """
    for name, backend in catalog.backends.items():
        with blamed(catalog, f"on {checkpoint.reference}", ("backends", name)):
            if (found := backend.artifact(checkpoint)) is not None:
                return found
    return None


def quantized_with(checkpoint: Checkpoint) -> str | None:
    """Return the method with which config.json says that the weights are quantized; None where it says nothing."""
    config = checkpoint.config or {}
    tables = [table for key in _TABLES if isinstance(table := config.get(key), Mapping) and table]
    return str(tables[0].get("quant_method") or "an unnamed method") if tables else None


def like_its_source(artifact: Checkpoint) -> Checkpoint:
    """Return the headers that an artifact's source could have: an architecture takes those, and gives names to them."""
    if not isinstance(artifact, FolderView) or not isinstance(artifact.original, FileCheckpoint):
        return artifact
    plain = {key: value for key, value in (artifact.config or {}).items() if key not in _TABLES}
    tensors = {
        name: replace(stored, dtype="BF16", nbytes=2 * prod(stored.shape)) if name in artifact.quantized else stored
        for name, stored in artifact.tensors.items()
    }
    return replace(artifact.original, config=plain, tensors=tensors)


def unknown_quantization(checkpoint: Checkpoint, method: str) -> Diagnostic:
    """Say that nothing knows which arrays are a tensor's."""
    package = OFFICIAL.get(method)
    how = f"pip install {package}" if package else f"install a plug-in that reads {method}, if there is one"
    return Diagnostic(
        "artifact-unknown",
        f"these weights are quantized with {method}, which nothing installed reads",
        Location(file=str(checkpoint.folder or checkpoint.reference), key_path=f"config.json, {_TABLES[0]}"),
        why="each tensor is stored as several arrays, codes and scales, and only its backend knows which are whose",
        fix=f"{how}; take the original model where weights are wanted",
    )


def has_lock_file(checkpoint: Checkpoint) -> bool:
    """Say whether a lock lies beside the weights, whatever config.json says."""
    return checkpoint.folder is not None and (checkpoint.folder / LOCK).is_file()


def artifact_bytes(checkpoint: Checkpoint) -> int:
    """Return the size of an artifact: a GGUF's files, or everything that lies in a local folder beside the weights."""
    folder = checkpoint.folder
    weights = {file.name: file.nbytes for file in checkpoint.files}
    if checkpoint.container == "gguf" or folder is None or checkpoint.config is None:
        return sum(weights.values())
    beside = {each.name: each.stat().st_size for each in folder.iterdir() if _counts(each.name) and each.is_file()}
    return sum((beside | weights).values())


def _counts(name: str) -> bool:
    """Say whether a file is an artifact's: hidden ones are those of other programs."""
    return not name.startswith(".") and not name.endswith((".safetensors", ".gguf"))
