"""Quantizes a checkpoint folder as the users of compressed-tensors and of torchao do: load, quantize, save.

    python -m benchmarks.by_library compressed-tensors FOLDER OUT SETTING
    python -m benchmarks.by_library torchao FOLDER OUT SETTING

SETTING is a key of `SCHEMES` or `CONFIGS`. All linear layers but the head are quantized, weights as the library chooses
its parameters by itself (largest magnitude). The tests of the plug-ins use the same functions, so what is measured here
is what they compare with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_INT = {"type": "int", "symmetric": True, "dynamic": False}
_GROUP = {**_INT, "strategy": "group"}
_CHANNEL = {"symmetric": True, "dynamic": False, "num_bits": 8, "strategy": "channel"}
_TOKEN = {"num_bits": 8, "symmetric": True, "dynamic": True, "strategy": "token"}
SCHEMES: Mapping[str, Mapping[str, object]] = {
    "int4-g32": {"weights": {**_GROUP, "num_bits": 4, "group_size": 32}},
    "int4-g128": {"weights": {**_GROUP, "num_bits": 4, "group_size": 128}},
    "int3-g32": {"weights": {**_GROUP, "num_bits": 3, "group_size": 32}},
    "int2-g32": {"weights": {**_GROUP, "num_bits": 2, "group_size": 32}},
    "int8": {"weights": {**_CHANNEL, "type": "int"}},
    "int8-dynamic": {"weights": {**_CHANNEL, "type": "int"}, "input_activations": {**_TOKEN, "type": "int"}},
    "fp8": {"weights": {**_CHANNEL, "type": "float"}, "format": "float-quantized"},
    "fp8-dynamic": {"weights": {**_CHANNEL, "type": "float"}, "input_activations": {**_TOKEN, "type": "float"}},
}


def _intx(bits: int, group: int | None) -> Any:  # noqa: ANN401 - torchao's configs share no base that says more
    import torch  # noqa: PLC0415 - heavy, like all that these functions load
    from torchao.quantization import IntxWeightOnlyConfig  # noqa: PLC0415
    from torchao.quantization.granularity import PerAxis, PerGroup  # noqa: PLC0415

    granularity = PerGroup(group) if group else PerAxis(0)
    return IntxWeightOnlyConfig(weight_dtype=getattr(torch, f"int{bits}"), granularity=granularity)


def _dynamic_int4() -> Any:  # noqa: ANN401
    import torch  # noqa: PLC0415
    from torchao.quantization import Int8DynamicActivationIntxWeightConfig  # noqa: PLC0415
    from torchao.quantization.granularity import PerGroup  # noqa: PLC0415

    return Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=PerGroup(32))


def _named(name: str, group: int | None = None) -> Any:  # noqa: ANN401
    import torchao.quantization  # noqa: PLC0415
    from torchao.quantization.granularity import PerGroup  # noqa: PLC0415

    return getattr(torchao.quantization, name)(**({"granularity": PerGroup(group)} if group else {}))


CONFIGS: Mapping[str, Callable[[], Any]] = {
    "intx4-g32": lambda: _intx(4, 32),
    "intx2-g32": lambda: _intx(2, 32),
    "intx8": lambda: _intx(8, None),
    "intx4-g32-dynamic": _dynamic_int4,
    "int8": lambda: _named("Int8WeightOnlyConfig"),
    "int8-g32": lambda: _named("Int8WeightOnlyConfig", 32),
    "int8-dynamic": lambda: _named("Int8DynamicActivationInt8WeightConfig"),
    "fp8": lambda: _named("Float8WeightOnlyConfig"),
}


def by_compressed_tensors(folder: Path, out: Path, setting: str) -> None:
    """Attach the scheme, let the library choose scales and codes, compress, save."""
    import torch  # noqa: PLC0415
    from compressed_tensors.compressors import ModelCompressor  # noqa: PLC0415
    from compressed_tensors.quantization import (  # noqa: PLC0415
        QuantizationConfig,
        QuantizationStatus,
        apply_quantization_config,
    )
    from compressed_tensors.quantization.utils import calculate_qparams  # noqa: PLC0415

    model = _loaded(folder)
    group = {"targets": ["Linear"], **SCHEMES[setting]}
    whole = {"config_groups": {"group_0": group}, "ignore": ["lm_head"], "quantization_status": "initialized"}
    apply_quantization_config(model, QuantizationConfig.model_validate(whole))
    for module in model.modules():
        if getattr(module, "quantization_scheme", None) is not None:
            args = module.quantization_scheme.weights
            grouped = module.weight.detach().unflatten(1, (-1, args.group_size or module.weight.shape[1]))
            scale, _ = calculate_qparams(grouped.amin(-1), grouped.amax(-1), args)
            with torch.no_grad():
                module.weight_scale.copy_(scale)
            module.quantization_status = QuantizationStatus.FROZEN
    compressor = ModelCompressor.from_pretrained_model(model)
    compressor.compress_model(model)
    model.save_pretrained(out)
    compressor.update_config(str(out))


def by_torchao(folder: Path, out: Path, setting: str) -> None:
    """Load through transformers with torchao's config, and save."""
    from transformers import TorchAoConfig  # noqa: PLC0415

    config = TorchAoConfig(CONFIGS[setting](), modules_to_not_convert=["lm_head"])
    _loaded(folder, quantization_config=config).save_pretrained(out)


def _loaded(folder: Path, **options: object) -> Any:  # noqa: ANN401 - transformers' models share no typed base
    from transformers import AutoModelForCausalLM, GenerationConfig  # noqa: PLC0415

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="auto", **options)
    model.generation_config = GenerationConfig()  # published ones do not all pass the check on saving
    return model


LIBRARIES = {"compressed-tensors": by_compressed_tensors, "torchao": by_torchao}

if __name__ == "__main__":
    LIBRARIES[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
