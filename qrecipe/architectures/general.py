"""`general.*`: what a GGUF says about the model as a whole, as llama.cpp's converter finds it out.

From README.md's front matter (the model card), generation_config.json, `_name_or_path` of config.json, and the name of
the model's folder or repository, in this order of trust. The card and generation_config.json are for people: where they
cannot be read, a warning says so and the model is described without them. What a name is made of, `gguf.Metadata`
tells (package gguf); the order of the keys and their kinds are those of its `set_gguf_meta_model` in llama.cpp b11434.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.architectures.described import Described, once
from qrecipe.architectures.model_card import ModelCard, is_text, read_card
from qrecipe.architectures.sampling import sampling_entries
from qrecipe.architectures.tokenizer.table import string, strings
from qrecipe.types.metadata import MetadataEntry, MetadataKind

if TYPE_CHECKING:
    from gguf.metadata import Metadata

    from qrecipe.types.source import Checkpoint
    from qrecipe.types.tensor import Shape

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_WEIGHTS = (".safetensors", ".json")
_MATRICES = 3  # dimensions of stacked experts
_BEFORE_LICENSE = ("name", "author", "version", "organization", "finetune", "basename", "description", "size_label")
_SOURCES = ("url", "doi", "uuid", "repo_url")
_OTHERS = ("name", "author", "version", "organization", "description", *_SOURCES)  # of base models and data sets


def general_entries(architecture: str, checkpoint: Checkpoint, shapes: Mapping[str, Shape]) -> Described:
    """Return `general.*`, `general.architecture` first, and warnings about the model card.

    Args:
        architecture: GGUF's name of the family.
        checkpoint: Its folder's README.md and generation_config.json, its config and its reference.
        shapes: By canonical name, of all tensors that the GGUF will have: parameters are counted.
    """
    folder = checkpoint.folder
    card = read_card(folder) if folder is not None else ModelCard({})
    sampling, strange = sampling_entries(folder) if folder is not None else ((), ())
    entries = (
        string("general.architecture", architecture),
        string("general.type", "model"),
        *sampling,
        *_entries(_metadata(card, checkpoint, shapes)),
    )
    return Described(once(entries), (*card.findings, *strange))


def model_name(checkpoint: Checkpoint) -> str:
    """Return what the model is called where nothing names it: its folder, or its repository."""
    if not _REMOTE.match(checkpoint.reference):
        return checkpoint.folder.name if checkpoint.folder is not None else Path(checkpoint.reference).stem
    parts = checkpoint.reference.split("://", 1)[1].rstrip("/").split("/")
    if checkpoint.reference.startswith("hf://"):
        return parts[min(1, len(parts) - 1)].split("@", 1)[0]
    return parts[-2] if len(parts) > 1 and parts[-1].endswith(_WEIGHTS) else parts[-1]


def _metadata(card: ModelCard, checkpoint: Checkpoint, shapes: Mapping[str, Shape]) -> Metadata:
    from gguf.metadata import Metadata  # noqa: PLC0415 - heavy, and only a conversion needs it
    from gguf.utility import size_label  # noqa: PLC0415 - likewise

    total, shared, expert, experts = _parameters(shapes)
    path = (checkpoint.config or {}).get("_name_or_path")
    config = {"_name_or_path": path} if is_text(path) else {}
    name = Path(model_name(checkpoint))
    found = Metadata.apply_metadata_heuristic(Metadata(), dict(card.values), config, name, total)
    if found.size_label is None and total > 0:
        found.size_label = size_label(total, shared, expert, experts)
    return found


def _parameters(shapes: Mapping[str, Shape]) -> tuple[int, int, int, int]:
    """Count weights as the converter does: all, those outside experts, those of one expert, and experts."""
    shared = expert = counted = tensors = 0
    for name, shape in shapes.items():
        size = prod(shape)
        if "_exps." in name and len(shape) >= _MATRICES and (n := shape[-2 if ".bias" in name else -3]):
            expert, counted, tensors = expert + size // n, counted + n, tensors + 1
        else:
            shared += size
    return sum(map(prod, shapes.values())), shared, expert, counted // tensors if tensors else 0


def _entries(found: Metadata) -> Iterator[MetadataEntry]:
    yield from _texts("general", {key: getattr(found, key) for key in _BEFORE_LICENSE})
    license_: object = found.license  # a card may have several
    joined = ",".join(license_) if isinstance(license_, list) else found.license
    yield from _texts("general", {"license": joined})
    yield from _texts("general.license", {"name": found.license_name, "link": found.license_link})
    yield from _texts("general.source", {key: getattr(found, f"source_{key}") for key in _SOURCES})
    yield from _others("general.base_model", found.base_models)
    yield from _others("general.dataset", found.datasets)
    for key, values in (("general.tags", found.tags), ("general.languages", found.languages)):
        if values:
            yield strings(key, [_raw(value) for value in values])


def _others(key: str, others: list[dict[str, str]] | None) -> Iterator[MetadataEntry]:
    if others is None:
        return
    yield MetadataEntry.of(f"{key}.count", MetadataKind.UINT32, len(others))
    for i, other in enumerate(others):
        yield from _texts(f"{key}.{i}", {name: other.get(name) for name in _OTHERS})


def _texts(key: str, values: Mapping[str, str | None]) -> Iterator[MetadataEntry]:
    """Yield the texts that say something; an empty one is not written."""
    return (string(f"{key}.{name}", value) for name, value in values.items() if value)


def _raw(value: str) -> bytes:
    return value.encode("utf-8", errors="surrogateescape")
