"""What an artifact's arrays mean, read straight from the two formats' definitions.

No code of qrecipe, of its plug-ins, of compressed-tensors or of torchao takes part. `weights` gives each weight as the
runtime computes with it, under the checkpoint's names; `write_plain` makes a folder of them that transformers loads
without any quantizer. compressed-tensors casts scales to the model's dtype and multiplies there; torchao multiplies by
the scale as stored and rounds the product to the model's dtype.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

Tensors = dict[str, torch.Tensor]
_FLOATS = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


def config(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))


def run_dtype(folder: Path) -> torch.dtype:
    """Return the dtype in which transformers runs the model where it is told nothing else."""
    whole = config(folder)
    parts = [whole, whole.get("text_config") or {}]
    return _FLOATS[next(part[key] for part in parts for key in ("dtype", "torch_dtype") if part.get(key))]


def stored(folder: Path) -> Tensors:
    """Return every array of a folder's shards."""
    found: Tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118 - no mapping
                assert name not in found, f"{name} stands in two shards"
                found[name] = file.get_tensor(name)
    return found


def metadata(folder: Path) -> list[Mapping[str, str]]:
    """Return the `__metadata__` of each shard."""
    found = []
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            found.append(file.metadata())
    return found


def weights(folder: Path) -> Tensors:
    """Return all weights of an artifact, plain ones as they are stored."""
    arrays, quantization = stored(folder), config(folder)["quantization_config"]
    if quantization["quant_method"] == "compressed-tensors":
        return _compressed_tensors(arrays, quantization, run_dtype(folder))
    assert quantization["quant_method"] == "torchao", quantization
    return _torchao(arrays, metadata(folder))


def write_plain(artifact: Path, folder: Path) -> Path:
    """Write the artifact's weights as a checkpoint without quantization, everything beside them copied."""
    shutil.copytree(artifact, folder, ignore=shutil.ignore_patterns("*.safetensors", "*.safetensors.index.json"))
    whole = {key: value for key, value in config(artifact).items() if key != "quantization_config"}
    (folder / "config.json").write_text(json.dumps(whole), encoding="utf-8")
    save_file({k: v.contiguous() for k, v in weights(artifact).items()}, folder / "model.safetensors", {"format": "pt"})
    return folder


def _compressed_tensors(arrays: Tensors, quantization: Mapping, dtype: torch.dtype) -> Tensors:
    found: Tensors = {}
    for name, array in arrays.items():
        module, _, suffix = name.rpartition(".")
        if suffix == "weight_packed":
            args = ct_group(quantization, module)["weights"]
            shape = tuple(arrays[f"{module}.weight_shape"].tolist())
            codes = unpack(array.numpy(), args["num_bits"], shape[1])
            found[f"{module}.weight"] = _scaled(codes, arrays[f"{module}.weight_scale"].to(dtype), dtype)
        elif suffix == "weight" and f"{module}.weight_scale" in arrays:
            found[name] = _scaled(array, arrays[f"{module}.weight_scale"].to(dtype), dtype)
        elif suffix not in ("weight_scale", "weight_shape", "input_scale"):
            found[name] = array
    return found


def ct_group(quantization: Mapping, module: str) -> Mapping:
    """Return the one group that has this module: its name in the model, or a regex that holds from the start."""
    name = in_model(module)
    groups = [group for group in quantization["config_groups"].values() if _targeted(group["targets"], name)]
    assert len(groups) == 1, f"{module} is in {len(groups)} groups"
    return groups[0]


def in_model(name: str) -> str:
    """Return a name as transformers 5 has it in the model: of our families, it renames Gemma 3 with vision."""
    if name.startswith("language_model.model."):
        return name.replace("language_model.model.", "model.language_model.", 1)
    return re.sub("^(vision_tower|multi_modal_projector)", r"model.\1", name)


def _targeted(targets: list[str], module: str) -> bool:
    exact = (module, "Linear")  # the class name is what llm-compressor writes; ours never do
    return any(re.match(text[3:], module) if text.startswith("re:") else text in exact for text in targets)


def unpack(words: np.ndarray, bits: int, cols: int) -> torch.Tensor:
    """Return codes of rows that are little-endian streams of `bits` bits, each code plus half the range."""
    stream = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little")
    digits = stream[:, : cols * bits].reshape(len(words), cols, bits).astype(np.int32)
    return torch.from_numpy((digits << np.arange(bits)).sum(axis=2, dtype=np.int32) - (1 << (bits - 1)))


def _torchao(arrays: Tensors, shards: list[Mapping[str, str]]) -> Tensors:
    assert all(shard == shards[0] for shard in shards), "shards differ in their metadata"
    entries = {
        name: json.loads(text)
        for name, text in shards[0].items()
        if name not in ("format", "tensor_names") and text.startswith("{")
    }
    quantized = {name: entry for name, entry in entries.items() if entry["_type"] != "Tensor"}
    parts = {f"{_front(name)}{part}" for name, entry in quantized.items() for part in entry["_tensor_data_names"]}
    plain = {name: array for name, array in arrays.items() if name not in parts}
    return plain | {name: _torchao_weight(name, entry, arrays) for name, entry in quantized.items()}


def _torchao_weight(name: str, entry: Mapping, arrays: Tensors) -> torch.Tensor:
    have = {part: arrays[_front(name) + part] for part in entry["_tensor_data_names"]}
    text = json.dumps(entry["_data"])
    dtype = next((value for key, value in _FLOATS.items() if f'"{key}"' in text or f"torch.{key}" in text), None)
    assert dtype, f"{name} has no dtype of its own: {text}"
    if entry["_type"] == "Int4Tensor":
        scale, zero = _wide(have["scale"].T, have), _wide(have["zero_point"].T, have)
        return (_nibbles(have["qdata"]).float() * scale + zero).to(dtype)
    assert entry["_type"] in ("IntxUnpackedToInt8Tensor", "Int8Tensor", "Float8Tensor"), entry["_type"]
    if "zero_point" in have:
        assert not have["zero_point"].any(), f"{name} has zero points"
    return _scaled(have["qdata"], have["scale"], dtype)


def _front(name: str) -> str:
    """Return what stands before the part's name: `P._weight_` of `P.weight`."""
    return f"{name.removesuffix('weight')}_weight_"


def _nibbles(data: torch.Tensor) -> torch.Tensor:
    low, high = data << 4 >> 4, data >> 4  # arithmetic on int8: signs are kept
    return torch.stack([low, high], -1).reshape(len(data), -1)


def _wide(scales: torch.Tensor, have: Tensors) -> torch.Tensor:
    return scales.float().repeat_interleave(2 * have["qdata"].shape[1] // scales.shape[1], 1)


def _scaled(codes: torch.Tensor, scales: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Multiply in float32, where a code of 8 bits and a scale of 16 lose nothing, and round once."""
    scales = scales.reshape(len(codes), -1)
    wide = scales.float().repeat_interleave(codes.shape[1] // scales.shape[1], 1)
    return (codes.float() * wide).to(dtype)
