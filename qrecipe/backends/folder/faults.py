"""What can go wrong with a folder artifact, in words: a function for each fault, called where the fact is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location

if TYPE_CHECKING:
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory, TensorInfo


def file_output(target: Target, name: str) -> Diagnostic:
    """The output names a file."""
    return Diagnostic(
        "folder-output-file",
        f"target {target.name!r} writes to a file, {target.output}",
        why=f"{name} artifacts are folders; an output that ends in '/' is one",
        fix=f'write output = "{target.output.partition(".gguf")[0]}/"',
    )


def gguf_source(target: Target, inventory: Inventory, name: str) -> Diagnostic:
    """A GGUF file has no config.json, and its rows are in llama.cpp's order."""
    return Diagnostic(
        "folder-from-gguf",
        f"target {target.name!r} cannot be made of a GGUF file, {inventory.source}",
        why=f"{name} artifacts have the checkpoint's own config.json, tokenizer and names, which GGUF does not keep",
        fix="name the checkpoint's own folder or hf://ORG/NAME as source",
    )


def no_config(target: Target, inventory: Inventory, name: str) -> Diagnostic:
    """Weights without their config.json."""
    return Diagnostic(
        "folder-no-config",
        f"target {target.name!r} cannot be made: there is no config.json beside the weights",
        Location(file=inventory.source),
        why=f"no runtime loads a {name} artifact without it",
        fix="put the model's own config.json beside the weights",
    )


def quantized_source(target: Target, inventory: Inventory, method: str) -> Diagnostic:
    """config.json has a quantization_config."""
    return Diagnostic(
        "folder-quantized-source",
        f"target {target.name!r} cannot be made: the checkpoint is quantized already ({method})",
        Location(file=inventory.source, key_path="quantization_config"),
        why="its weights are codes and scales, which are no weights to quantize",
        fix="start from the unquantized checkpoint",
    )


def no_origin(target: Target) -> Diagnostic:
    """A stand-in inventory reached a build."""
    return Diagnostic(
        "folder-no-checkpoint",
        f"target {target.name!r} cannot be built from an inventory that stands in for the model",
        why="config.json and tokenizer are copied from the checkpoint's folder",
        fix="build from the checkpoint itself",
    )


def shared_source(source: str, first: TensorInfo, second: TensorInfo) -> Diagnostic:
    """One tensor of the checkpoint stands behind two that were decided apart."""
    return Diagnostic(
        "folder-shared-tensor",
        f"{source} of the checkpoint is {first.name} and {second.name} in the recipe, which get different types",
        why="it is one tensor in this artifact, and has one type",
        fix="give both the same type in this target",
    )


def companion_changed(name: str, source: str, planned: int, found: int | None) -> Diagnostic:
    """A file beside the weights is not what it was."""
    now = "gone" if found is None else f"{found} bytes long"
    return Diagnostic(
        "companion-changed",
        f"{name} was {planned} bytes long when the build was planned, and is {now}",
        Location(file=source),
        why="the sizes of all files are promised before the work",
        fix="build again",
    )


def file_size(name: str, got: int, planned: int | None) -> Diagnostic:
    """A document is not as long as it was planned."""
    return Diagnostic(
        "header-size",
        f"{name} has {got} bytes; the plan says {planned}",
        why="the model's files are not those that the plan was made with",
        fix="plan again; if that does not help, report it",
    )


def lock_damaged(file: str, key: str, why: str) -> Diagnostic:
    """A lock that qrecipe did not write so."""
    return Diagnostic(
        "lock-damaged",
        f"the lock of this artifact is damaged{f' at {key}' if key else ''}",
        Location(file=file, key_path=key),
        why=why,
        fix="download or build the artifact again",
    )


def lock_missing(file: str) -> Diagnostic:
    """config.json speaks of a lock that is not there."""
    return Diagnostic(
        "lock-damaged",
        "the lock of this artifact is missing",
        Location(file=file),
        why="config.json has its digest (`qrecipe.lock`), so there was one",
        fix="download or build the artifact again",
    )


def lock_altered(folder: str) -> Diagnostic:
    """The lock is not the one of which config.json has the digest."""
    return Diagnostic(
        "lock-altered",
        "qrecipe.lock.json is not the one that was built",
        Location(file=folder),
        why="its SHA-256 is not the one in config.json (`qrecipe.lock`)",
        fix="download or build the artifact again",
    )


def altered(folder: str, name: str) -> Diagnostic:
    """A file beside the weights is not the one that was written."""
    return Diagnostic(
        "file-altered",
        f"{name} is not the one that was built",
        Location(file=folder),
        why="its SHA-256 is not the one in qrecipe.lock.json",
        fix="download or build the artifact again",
    )


def gone(folder: str, names: Sequence[str]) -> Diagnostic:
    """Files of the lock that are not there."""
    return Diagnostic(
        "file-missing",
        f"the artifact lacks {', '.join(names)}",
        Location(file=folder),
        why="qrecipe.lock.json lists every file that was built",
        fix="download or build the artifact again",
    )


def besides(folder: str, names: Sequence[str]) -> Diagnostic:
    """Files that no build wrote."""
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004 - enough
    return Diagnostic(
        "file-foreign",
        f"the artifact holds {shown}, of which its lock says nothing",
        Location(file=folder),
        why="a runtime may read it besides what was built, or in place of it",
        fix="take it out, or download the artifact again",
    )


def torn(file: str, name: str) -> Diagnostic:
    """A tensor whose modules, as the lock has them, are not its rows."""
    return Diagnostic(
        "lock-damaged",
        f"the lock of this artifact is damaged at tensors.{name}",
        Location(file=file),
        why="the modules that it lists do not hold all rows of the tensor, one behind the other",
        fix="download or build the artifact again",
    )


def array_shape(file: str, name: str, what: str) -> Diagnostic:
    """A module whose arrays are not those of its scheme."""
    return Diagnostic(
        "module-damaged",
        f"module {name} is not stored as config.json says",
        Location(file=file),
        why=what,
        fix="download or build the artifact again",
    )
