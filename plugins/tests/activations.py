"""What a runtime does to the inputs of linear layers, as hooks on a plain model; arithmetic in the model's dtype.

Written from the definitions: compressed-tensors' dynamic int8 and fp8 per token (symmetric, half of the range's width
over the largest magnitude), static scales, and torchao's asymmetric int8 per token of `IntxUnpackedToInt8Tensor`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from plugins.tests import reference

Change = Callable[[torch.Tensor], torch.Tensor]


def of(artifact: Path) -> Mapping[str, Change]:
    """Return what is done to the input of each module that has quantized activations."""
    quantization = reference.config(artifact)["quantization_config"]
    if quantization["quant_method"] == "torchao":
        return dict(_torchao(reference.metadata(artifact)[0]))
    found: dict[str, Change] = {}
    arrays = reference.stored(artifact)
    for name in arrays:
        module, _, suffix = name.rpartition(".")
        if suffix == "weight_scale":
            args = reference.ct_group(quantization, module)["input_activations"]
            if args and args["dynamic"]:
                found[module] = _fp8 if args["type"] == "float" else _int8
            elif args:
                found[module] = _static(arrays[f"{module}.input_scale"], args["type"])
    return found


def hook(model: torch.nn.Module, changes: Mapping[str, Change]) -> None:
    """Put the changes in front of the modules; every one must be there."""
    modules = dict(model.named_modules())
    for name, change in changes.items():
        modules[name].register_forward_pre_hook(lambda _, given, change=change: (change(given[0]), *given[1:]))


def _torchao(metadata: Mapping[str, str]):
    for name, text in metadata.items():
        if name not in ("format", "tensor_names") and "int8_asym_per_token" in text.lower():
            assert json.loads(text)["_type"] == "IntxUnpackedToInt8Tensor", text
            yield name.removesuffix(".weight"), _asymmetric_int8


def _int8(x: torch.Tensor) -> torch.Tensor:
    scale = _largest(x) / torch.tensor(127.5, dtype=x.dtype)
    scale = torch.where(scale == 0, torch.finfo(x.dtype).eps, scale)
    return (x / scale).clamp(-128, 127).round() * scale


def _fp8(x: torch.Tensor) -> torch.Tensor:
    scale = _largest(x) / torch.tensor(448.0, dtype=x.dtype)
    scale = torch.where(scale == 0, torch.finfo(x.dtype).eps, scale)
    return (x / scale).clamp(-448, 448).to(torch.float8_e4m3fn).to(x.dtype) * scale


def _static(scale: torch.Tensor, kind: str) -> Change:
    def change(x: torch.Tensor) -> torch.Tensor:
        step = scale.to(x.dtype)
        if kind == "float":
            return (x / step).clamp(-448, 448).to(torch.float8_e4m3fn).to(x.dtype) * step
        return (x / step).clamp(-128, 127).round() * step

    return change


def _largest(x: torch.Tensor) -> torch.Tensor:
    return x.abs().amax(-1, keepdim=True)


def _asymmetric_int8(x: torch.Tensor) -> torch.Tensor:
    low = x.amin(-1, keepdim=True).clamp(max=0)
    high = x.amax(-1, keepdim=True).clamp(min=0)
    scale = ((high - low) / 255).clamp(min=torch.finfo(x.dtype).smallest_normal)
    zero = (-128 - (low / scale).round()).clamp(-128, 127)
    codes = ((x * (1.0 / scale)).round() + zero).clamp(-128, 127)
    return ((codes - zero) * scale).to(x.dtype)
