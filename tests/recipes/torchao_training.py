"""What torchao's quantization-aware training makes of weights in a forward pass. Imports torch: tests load it late."""

import numpy as np
import torch
from safetensors.torch import load_file
from torchao import quantization as q
from torchao.quantization.qat import QATConfig


def trained(scheme, checkpoint, names):
    """Return matrices of a checkpoint as the forward pass of training has them, float32 by their names."""
    stored = {name: tensor for file in checkpoint.glob("*.safetensors") for name, tensor in load_file(file).items()}
    return {name: _faked(_config(scheme), stored[name]) for name in names}


def bfloat16(values):
    """Round as a model in bfloat16 does; float32 again."""
    return torch.from_numpy(np.array(values, np.float32)).bfloat16().float().numpy()


def _config(scheme):
    """Return the configuration that Unsloth's name stands for."""
    match scheme:
        case "fp8-int4":
            return q.Float8DynamicActivationInt4WeightConfig()
        case "fp8-fp8":
            return q.Float8DynamicActivationFloat8WeightConfig(granularity=q.PerRow())
        case "int8-int4":
            return q.Int8DynamicActivationIntxWeightConfig(torch.int4, q.PerGroup(32))
        case _:
            return q.Int4WeightOnlyConfig(group_size=128)


def _faked(config, weight):
    rows, cols = weight.shape
    linear = torch.nn.Sequential(torch.nn.Linear(cols, rows, bias=False, dtype=weight.dtype))
    q.quantize_(linear, QATConfig(config, step="prepare"))
    with torch.no_grad():
        return linear[0].weight_fake_quantizer(weight).float().numpy()
