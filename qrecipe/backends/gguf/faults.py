"""What can go wrong with a GGUF artifact, in words: a function for each fault, called where the fact is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location

if TYPE_CHECKING:
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory, TensorInfo

MOST_DIMENSIONS = 4
MOST_NAME_BYTES = 63


def unmapped(target: Target, inventory: Inventory) -> Diagnostic:
    """The tensor names are the checkpoint's own."""
    names = "llama.cpp finds tensors by its own names (blk.0.attn_q.weight)"
    otherwise = (
        "install a plug-in for this architecture or write one (docs/how-to/add-an-architecture.md), or convert to "
        "GGUF first and make that the source; compressed-tensors and torchao need no such names"
    )
    return Diagnostic(
        "unmapped-names",
        f"target {target.name!r} cannot be made: no architecture plug-in maps the names of "
        f"{inventory.source or 'this model'}",
        why=f"{names}; {inventory.why_unmapped}" if inventory.why_unmapped else names,
        fix=inventory.map_them or otherwise,
    )


def folder_output(target: Target) -> Diagnostic:
    """The output names a folder."""
    return Diagnostic(
        "gguf-output-folder",
        f"target {target.name!r} writes to a folder, {target.output}",
        why="a GGUF artifact is one file; an output that ends in '/' is a folder",
        fix=f"write {target.output.rstrip('/')}.gguf",
    )


def long_name(tensor: TensorInfo, nbytes: int) -> Diagnostic:
    """GGML_MAX_NAME."""
    return Diagnostic(
        "gguf-name-length",
        f"the name of tensor {tensor.name!r} has {nbytes} bytes; GGUF allows {MOST_NAME_BYTES}",
        why="readers refuse a file with a longer name",
        fix="rename the tensor in the source, or leave it out of the model",
    )


def many_dimensions(tensor: TensorInfo) -> Diagnostic:
    """GGML_MAX_DIMS."""
    return Diagnostic(
        "gguf-dimensions",
        f"tensor {tensor.name!r} has {tensor.dims} dimensions; GGUF allows {MOST_DIMENSIONS}",
        why="ggml stores no tensor of more",
        fix="reshape it where the source is made",
    )


def empty_tensor(tensor: TensorInfo) -> Diagnostic:
    """A dimension of 0."""
    return Diagnostic(
        "gguf-empty-tensor",
        f"tensor {tensor.name!r} of shape {list(tensor.shape)} holds nothing",
        why="readers of GGUF refuse a dimension of 0",
        fix="leave it out where the source is made",
    )


def no_metadata(target: Target, inventory: Inventory) -> Diagnostic:
    """A stand-in inventory reached a build, or a checkpoint without a tokenizer."""
    if inventory.why_no_metadata:
        return Diagnostic(
            "gguf-no-metadata",
            f"target {target.name!r} cannot be built: {inventory.why_no_metadata}",
            Location(file=inventory.source),
            why="llama.cpp cannot load a file without its tokenizer and settings",
            fix="download the tokenizer's files into the checkpoint's folder",
        )
    return Diagnostic(
        "gguf-no-metadata",
        f"target {target.name!r} cannot be built from an inventory that stands in for the model",
        why="it has no metadata (tokenizer and settings), without which llama.cpp cannot load the file",
        fix="build from the checkpoint itself",
    )


def pre_unknown(target: Target) -> Diagnostic:
    """A byte-level BPE that cuts text in a way without a name."""
    return Diagnostic(
        "tokenizer-pre-unknown",
        f"target {target.name!r}: the tokenizer's way to cut text before it merges is not recognised",
        Location(file="tokenizer.json", key_path="pre_tokenizer"),
        why="llama.cpp knows these ways by name only, and with a wrong one the model reads other tokens than it learnt",
        fix='say on the target what llama.cpp calls it, pre = "llama-bpe" or "qwen2" or another; a model has the same '
        "as the one that it was trained from",
    )
