"""What a safetensors checkpoint holds under its own names, and beside its weights: folder artifacts are made of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from qrecipe.types.origin import Companion, Origin
from qrecipe.types.source import Checkpoint
from qrecipe.types.tensor import Inventory, TensorInfo

COMPANIONS = (
    "added_tokens.json", "chat_template.jinja", "chat_template.json", "generation_config.json", "merges.txt",
    "preprocessor_config.json", "processor_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer.model",
    "tokenizer_config.json", "video_preprocessor_config.json", "vocab.json", "vocab.txt",
)  # fmt: skip
"""Files beside weights that runtimes read: transformers' and tokenizers' usual names. Code is not among them."""


def with_origin(inventory: Inventory, original: Checkpoint) -> Inventory:
    """Add what the checkpoint holds under its own names; nothing for GGUF files."""
    if original.container != "safetensors":
        return inventory
    origin = Origin(original.tensors, original.config, tuple(_companions(original.folder)))
    tensors = tuple(_with_dtype(tensor, original) for tensor in inventory.tensors)
    return replace(inventory, origin=origin, tensors=tensors)


def _companions(folder: Path | None) -> Iterator[Companion]:
    for name in COMPANIONS if folder is not None else ():
        try:
            found = os.stat(folder / name) if folder is not None else None  # noqa: PTH116 - one call, links followed
        except (OSError, ValueError):
            continue
        if found is not None and stat.S_ISREG(found.st_mode):
            yield Companion(name, found.st_size)


def _with_dtype(tensor: TensorInfo, original: Checkpoint) -> TensorInfo:
    stored = original.tensors.get(tensor.source_names[0]) if tensor.source_names else None
    if stored is None or stored.dtype == tensor.dtype:
        return tensor
    return replace(tensor, source_dtype=stored.dtype)
