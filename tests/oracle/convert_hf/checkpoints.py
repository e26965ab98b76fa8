"""Writes a tiny model's checkpoint: weights that are the same on every machine, config.json, tokenizer, model card.

Weights are rounded from SHAKE-128's numbers (`deterministic.py`) into the names and shapes of transformers' own model.
Matrices have the deviation 1/√columns, so that results differ from token to token; norms are near 1 (0 for families
that store them less 1) and never equal. A checkpoint of several shards has an index, as `save_pretrained` writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import prod, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.oracle.convert_hf import goldens, tiny_tokenizers
from tests.oracle.convert_hf.families import Family
from tests.oracle.convert_hf.tiny_tokenizers import Vocabulary
from tests.oracle.deterministic import normal
from tests.sources.safetensors_bytes import entry, index, safetensors

_LESS_ONE = ("gemma3", "gemma3-text")  # families whose norms are stored less 1
PARTS = ("text_config", "vision_config", "audio_config")
_DTYPES = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}


def write(family: Family, stored: str, parent: Path, real: Vocabulary | None = None) -> Path:
    """Write the checkpoint below `parent`, its weights as `stored` says; return its folder."""
    folder = parent / family.folder
    folder.mkdir(parents=True)
    config, shapes = goldens.read_model(family)
    if real:
        config, shapes = _of_size(config, shapes, len(real.tokens))
    tensors = {name: weights(family, name, shape, stored) for name, shape in shapes.items()}
    _write_weights(folder, family.shards, stored, shapes, tensors)
    texts = {"config.json": json.dumps(_with_dtype(config, _DTYPES[stored]), indent=2) + "\n", **family.files}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, data in tiny_tokenizers.KINDS[family.tokenizer](real).items():
        (folder / name).write_bytes(data)
    return folder


def weights(family: Family, name: str, shape: tuple[int, ...], stored: str) -> bytes:
    """Return a tensor's bytes; a head that is tied, but stored all the same, equals the embeddings."""
    tied = name == "lm_head.weight" and name in family.extra
    values = normal(f"{family.name}/{'model.embed_tokens.weight' if tied else name}", prod(shape))
    if len(shape) > 1:
        values /= sqrt(shape[-1])  # exactly rounded everywhere, which a power is not
    elif name.endswith("bias"):
        values /= 8
    else:
        values = values / 8 + (0 if family.name in _LESS_ONE else 1)
    return rounded(values.astype(np.float32), stored)


def rounded(values: NDArray[np.float32], stored: str) -> bytes:
    """Return little-endian bytes; BF16 to nearest, ties to even."""
    if stored != "BF16":
        return values.astype("<f2" if stored == "F16" else "<f4").tobytes()
    bits = values.view(np.uint32)
    return ((bits + (0x7FFF + (bits >> 16 & 1))) >> 16).astype("<u2").tobytes()


def _write_weights(
    folder: Path, shards: int, stored: str, shapes: goldens.Shapes, tensors: Mapping[str, bytes]
) -> None:
    names = list(tensors)
    files = [f"model-{n + 1:05}-of-{shards:05}.safetensors" for n in range(shards)]
    if shards == 1:
        files = ["model.safetensors"]
    parts = [names[len(names) * n // shards : len(names) * (n + 1) // shards] for n in range(shards)]
    for file, part in zip(files, parts, strict=True):
        (folder / file).write_bytes(_shard(part, stored, shapes, tensors))
    if shards > 1:
        places = {name: file for file, part in zip(files, parts, strict=True) for name in part}
        (folder / "model.safetensors.index.json").write_bytes(index(places))


def _shard(names: list[str], stored: str, shapes: goldens.Shapes, tensors: Mapping[str, bytes]) -> bytes:
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name in names:
        table[name] = entry(stored, list(shapes[name]), place, place + len(tensors[name]))
        place += len(tensors[name])
    return safetensors(table, b"".join(tensors[name] for name in names))


def _with_dtype(config: Mapping[str, object], dtype: str) -> dict[str, object]:
    """Set `dtype` (`torch_dtype` in configs before 2025) here and in the parts of the model."""
    name = "torch_dtype" if "torch_dtype" in config else "dtype"
    parts = {key: _with_dtype(part, dtype) for key in PARTS if isinstance(part := config.get(key), dict)}
    return dict(config) | parts | {name: dtype}


def _of_size(
    config: Mapping[str, object], shapes: goldens.Shapes, tokens: int
) -> tuple[dict[str, object], goldens.Shapes]:
    """Give the model as many rows of embeddings as a real vocabulary has tokens."""
    text = json.dumps(config)
    before = int(re.search(r'"vocab_size": (\d+)', text)[1])
    text = re.sub(rf'("vocab_size\w*": ){before}\b', rf"\g<1>{tokens}", text)
    rows = {
        name: (tokens, *shape[1:]) if shape[:1] == (before,) and ("embed" in name or "head" in name) else shape
        for name, shape in shapes.items()
    }
    return json.loads(text), rows
