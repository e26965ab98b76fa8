"""A whole artifact against compressed-tensors' own compressor: the same tensors, byte for byte."""

from __future__ import annotations

import json

import pytest
from tiny import arrays, build, write_llama

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("compressed_tensors")

from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.quantization import QuantizationConfig
from compressed_tensors.quantization.utils import calculate_qparams

pytestmark = [
    pytest.mark.model,
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

DENSE = "blk.*.{attn_q,attn_k,attn_v,attn_output,ffn_gate,ffn_up,ffn_down}"


def compressed(weight, scheme, dtype):
    """Compress one module as the facts say: scales rounded to the model's dtype first, float32 arithmetic."""
    args = scheme.weights
    grouped = weight.float().view(len(weight), -1, args.group_size or weight.shape[1])
    scale, zero = calculate_qparams(grouped.amin(-1), grouped.amax(-1), args)
    state = {"weight": weight.float(), "weight_scale": scale.to(dtype).float(), "weight_zero_point": zero}
    made = BaseCompressor.get_value_from_registry(scheme.format).compress(state, scheme)
    return {name: array.to(dtype) if name == "weight_scale" else array for name, array in made.items()}


def expected(source, folder, dtype):
    """Return every tensor that compressed-tensors would write for an artifact's own config."""
    found = json.loads((folder / "config.json").read_text())["quantization_config"]
    config = QuantizationConfig.model_validate(found)
    schemes = {target: group for group in config.config_groups.values() for target in group.targets}
    tensors = {}
    for name, array in arrays(source).items():
        module = name.removesuffix(".weight")
        if module not in schemes:
            tensors[name] = array
            continue
        made = compressed(array, schemes[module], dtype)
        tensors |= {f"{module}.{part}": each for part, each in made.items()}
    return tensors


@pytest.mark.parametrize(
    ("rules", "target"),
    [
        ({DENSE: "int4(group=32)"}, {}),
        ({DENSE: "int8"}, {"activations": "int8"}),
        ({DENSE: "fp8"}, {"activations": "fp8"}),
        ({DENSE: "int4(group=128)"}, {"dtype": "float16"}),
        ({DENSE: "int4(group=128)"}, {"dtype": "float32"}),
        ({"blk.*.attn_*": "int8", "blk.0.ffn_down": "fp8", "blk.1.ffn_down": "int3(group=64)", DENSE: "int5"}, {}),
    ],
    ids=["W4A16", "W8A8", "FP8", "W4A16 in float16", "W4A16 in float32", "mixed"],
)
def test_every_tensor_is_what_compressed_tensors_writes(tmp_path, rules, target):
    source = write_llama(tmp_path / "model", seed=4)
    folder = build(source, rules, **target)
    dtype = getattr(torch, target.get("dtype", "bfloat16"))
    ours, theirs = arrays(folder), expected(source, folder, dtype)
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        assert ours[name].dtype == array.dtype, name
        assert torch.equal(ours[name].contiguous().view(torch.uint8), array.contiguous().view(torch.uint8)), name


def test_rows_that_compressed_tensors_compresses_in_the_runtimes_own_dtype_differ(tmp_path):
    """Why float32: the same scales and BF16 arithmetic give other codes."""
    source = write_llama(tmp_path / "model", seed=4)
    weight = arrays(source)["model.layers.0.mlp.up_proj.weight"]
    folder = build(source, {DENSE: "int8"}, activations="int8")
    ours = arrays(folder)
    scale = ours["model.layers.0.mlp.up_proj.weight_scale"]
    in_bf16 = (weight / scale).clamp(-128, 127).round().to(torch.int8)
    share = (in_bf16 == ours["model.layers.0.mlp.up_proj.weight"]).float().mean().item()
    assert 0.8 < share < 0.95
