"""A checkpoint's headers → its inventory: canonical names, roles, layers and the facts that conditions ask for.

GGUF names are canonical already. Safetensors names become canonical by the conversion of an architecture; without one
they stay as they are, and the inventory says so (`mapped`) and why. No weight is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from qrecipe.errors import Diagnostic, Location, SourceError
from qrecipe.inventory.order import canonical_order, layer_of, role_of
from qrecipe.inventory.usual_roles import usual_role
from qrecipe.types.architecture import Architecture, Conversion, MappedTensor
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.source import Checkpoint
from qrecipe.types.tensor import Inventory, ModelFacts, TensorInfo
from qrecipe.types.transform import stored_names


def inventory_of(
    checkpoint: Checkpoint, architecture: Architecture | None = None, why_unmapped: str = "", map_them: str = ""
) -> Inventory:
    """Describe a checkpoint whose names are its own.

    Args:
        checkpoint: What is described.
        architecture: The plug-in that knows a GGUF file's family, None if there is none.
        why_unmapped: Why no architecture has converted a checkpoint that is no GGUF file.
        map_them: What to do about that, if anything simple helps.
    """
    _require_tensors(checkpoint)
    if checkpoint.container == "gguf":
        metadata = checkpoint.metadata or ()
        tensors = canonical_order(_stored(checkpoint, architecture), mapped=True)
        return _with_metadata(checkpoint, metadata, tensors, architecture)
    return Inventory(
        tensors=canonical_order(
            (replace(tensor, role=usual_role(tensor.name)) for tensor in _stored(checkpoint, None)), mapped=False
        ),
        mapped=False,
        source=checkpoint.reference,
        header_digest=checkpoint.header_digest,
        why_unmapped=why_unmapped,
        map_them=map_them,
    )


def converted_inventory(checkpoint: Checkpoint, architecture: Architecture, conversion: Conversion) -> Inventory:
    """Describe a checkpoint under canonical names; `conversion` is what the architecture has made it with."""
    _require_tensors(checkpoint)
    tensors = canonical_order((_mapped(tensor, checkpoint) for tensor in conversion.tensors), mapped=True)
    found = replace(
        _with_metadata(checkpoint, tuple(conversion.metadata), tensors, architecture),
        architecture=architecture.name,
        left_out=tuple(conversion.left_out),
        findings=tuple(conversion.findings),
    )
    lacking = conversion.lacking
    if lacking is None:
        return found
    return replace(found, metadata=None, why_no_metadata=lacking.what, findings=(lacking, *found.findings))


def arch_of(metadata: Iterable[MetadataEntry]) -> str:
    """Return `general.architecture`, or ''."""
    entry = next((entry for entry in metadata if entry.key == "general.architecture"), None)
    return str(entry.scalar()) if entry is not None and entry.kind is MetadataKind.STRING else ""


def facts_of(arch: str, metadata: Iterable[MetadataEntry], tensors: Sequence[TensorInfo]) -> ModelFacts:
    """Read the model's facts from GGUF metadata; per-layer arrays count with their first element."""
    by_key = {entry.key: entry for entry in metadata}
    experts = _number(by_key, f"{arch}.expert_count")
    return ModelFacts(
        n_layers=_number(by_key, f"{arch}.block_count"),
        n_experts=0 if experts is None else experts,
        n_embd=_number(by_key, f"{arch}.embedding_length"),
        n_vocab=_n_vocab(arch, by_key, tensors),
        n_heads=_number(by_key, f"{arch}.attention.head_count"),
        n_kv_heads=_number(by_key, f"{arch}.attention.head_count_kv"),
        n_mtp_layers=_number(by_key, f"{arch}.nextn_predict_layers"),
    )


def _mapped(tensor: MappedTensor, checkpoint: Checkpoint) -> TensorInfo:
    stored = checkpoint.tensors[tensor.name]
    return TensorInfo(
        name=tensor.name,
        shape=stored.shape,
        dtype=stored.dtype,
        gguf_dtype=tensor.gguf_dtype or stored.dtype,
        role=role_of(tensor.name),
        layer=layer_of(tensor.name),
        source_names=stored_names(tensor.value),
    )


def _with_metadata(
    checkpoint: Checkpoint,
    metadata: tuple[MetadataEntry, ...],
    tensors: tuple[TensorInfo, ...],
    architecture: Architecture | None,
) -> Inventory:
    arch = arch_of(metadata)
    return Inventory(
        tensors=tensors,
        arch=arch,
        facts=facts_of(arch, metadata, tensors),
        metadata=metadata,
        source=checkpoint.reference,
        header_digest=checkpoint.header_digest,
        protected=tuple(architecture.protected) if architecture is not None else (),
    )


def _stored(checkpoint: Checkpoint, architecture: Architecture | None) -> Iterable[TensorInfo]:
    for stored in checkpoint.tensors.values():
        yield TensorInfo(
            name=stored.name,
            shape=stored.shape,
            dtype=stored.dtype,
            gguf_dtype=stored.dtype,
            role=role_of(stored.name),
            layer=layer_of(stored.name),
            source_names=architecture.checkpoint_names(stored.name) if architecture is not None else (),
        )


def _number(by_key: Mapping[str, MetadataEntry], key: str) -> int | None:
    entry = by_key.get(key)
    value = entry.first() if entry is not None else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _n_vocab(arch: str, by_key: Mapping[str, MetadataEntry], tensors: Sequence[TensorInfo]) -> int | None:
    embedding = next((tensor for tensor in tensors if tensor.name == "token_embd.weight"), None)
    if embedding is not None:
        return embedding.rows
    tokens = by_key.get("tokenizer.ggml.tokens")
    if tokens is not None and tokens.kind is MetadataKind.ARRAY:
        return tokens.count
    return _number(by_key, f"{arch}.vocab_size")


def _require_tensors(checkpoint: Checkpoint) -> None:
    if checkpoint.tensors:
        return
    raise SourceError(
        Diagnostic(
            "source-without-tensors",
            "the checkpoint holds no tensors",
            Location(file=checkpoint.reference),
            why="its header describes none, as in a file with a vocabulary only",
            fix="name the file that holds the model's weights",
        )
    )
