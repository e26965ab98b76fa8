"""A tiny Llama from recipe to logits: what transformers computes is what the codes and scales say."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from qrecipe.errors import PlanError
from tiny import build, load, logits, reference, write_llama

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("compressed_tensors")

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

DENSE = "blk.*.{attn_q,attn_k,attn_v,attn_output,ffn_gate,ffn_up,ffn_down}"


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return write_llama(tmp_path_factory.mktemp("llama") / "model")


def difference(source, rules, **target):
    """Build, load, and return the largest difference of logits from the dequantized model."""
    folder, dtype = build(source, rules, **target), target.get("dtype", "bfloat16")
    return np.abs(logits(load(folder, dtype="auto")) - logits(reference(folder, dtype))).max()


@pytest.mark.parametrize(
    "type_", ["int8", "int8(group=64)", "fp8", *(f"int{w}(group=32)" for w in range(1, 9)), "int3"]
)
def test_one_type_everywhere_gives_the_logits_of_the_dequantized_model(llama, type_):
    assert difference(llama, {DENSE: type_}) == 0


@pytest.mark.parametrize(
    "rules",
    [
        {"blk.*.attn_*": "int8", DENSE: "int4(group=32)"},
        {"blk.0.**": "keep", "blk.*.attn_*": "int5(group=128)", "blk.*.ffn_down": "fp8", DENSE: "int2(group=64)"},
        {"output": "int8(group=32)", "blk.1.ffn_up": "keep", DENSE: "Q4_0"},
    ],
    ids=["two groups", "three groups, a layer kept", "with the head"],
)
def test_mixed_groups_give_the_logits_of_the_dequantized_model(llama, rules):
    assert difference(llama, rules) == 0


@pytest.mark.parametrize("type_", ["Q4_0", "Q5_0", "Q8_0", "TQ1_0", "TQ2_0"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_carried_types_give_the_logits_of_the_dequantized_model(llama, type_, dtype):
    assert difference(llama, {DENSE: type_}, dtype=dtype) == 0


@pytest.mark.parametrize("type_", ["Q6_K", "Q3_K"])
def test_types_whose_scales_need_float32_are_carried_into_float32(llama, type_):
    assert difference(llama, {DENSE: type_}, dtype="float32") == 0


def test_a_float32_model_is_float32_throughout(llama):
    assert difference(llama, {DENSE: "int4(group=32)"}, dtype="float32") == 0


def test_shards_and_one_file_are_the_same_model(llama):
    whole = logits(load(build(llama, {DENSE: "int4(group=32)"})))
    folder = build(llama, {DENSE: "int4(group=32)"}, shard_size="200kB")
    assert len(list(folder.glob("*.safetensors"))) > 3
    assert (logits(load(folder)) == whole).all()


def test_a_tied_model_has_no_head_of_its_own(tmp_path):
    source = write_llama(tmp_path / "model", tied=True)
    assert difference(source, {DENSE: "int4(group=32)"}) == 0


def with_input_scales(source, folder, value=0.03):
    """Copy a model, with an input scale beside each projection."""
    torch = pytest.importorskip("torch")
    files = pytest.importorskip("safetensors.torch")
    shutil.copytree(source, folder)
    tensors = files.load_file(source / "model.safetensors")
    projections = [name for name in tensors if name.endswith("_proj.weight")]
    tensors |= {f"{name.removesuffix('weight')}input_scale": torch.tensor([value]) for name in projections}
    files.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def quantize_inputs(model, quantized):
    """Make every projection of a model see its input as `quantized` gives it."""
    for name, module in model.named_modules():
        if name.endswith("_proj"):
            module.register_forward_pre_hook(lambda _, args: (quantized(args[0]),))
    return model


def int8_of_token(x):
    scale = (x.abs().amax(-1, keepdim=True) / 127.5).to(x.dtype)
    return (x / scale).clamp(-128, 127).round() * scale


def fp8_of_token(x):
    torch = pytest.importorskip("torch")
    scale = (x.abs().amax(-1, keepdim=True) / 448).to(x.dtype)
    return (x / scale).clamp(-448, 448).to(torch.float8_e4m3fn).to(x.dtype) * scale


@pytest.mark.parametrize(("type_", "quantized"), [("int8", int8_of_token), ("fp8", fp8_of_token)])
def test_dynamic_activations_are_quantized_by_token(llama, type_, quantized):
    folder = build(llama, {DENSE: type_}, activations=type_)
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    assert config["format"] == {"int8": "int-quantized", "fp8": "float-quantized"}[type_]
    expected = logits(quantize_inputs(reference(folder), quantized))
    assert np.abs(logits(load(folder)) - expected).max() == 0
    assert (logits(reference(folder)) != expected).any()


def test_static_activations_use_the_scale_of_the_checkpoint(llama, tmp_path):
    torch = pytest.importorskip("torch")
    source = with_input_scales(llama, tmp_path / "model")
    folder = build(source, {DENSE: "int8"}, activations="static-int8")
    scale = torch.tensor(0.03).bfloat16()
    hooked = quantize_inputs(reference(folder), lambda x: (x / scale).clamp(-128, 127).round() * scale)
    assert np.abs(logits(load(folder)) - logits(hooked)).max() == 0


def test_a_static_scale_that_is_missing_stops_the_build_before_the_work(llama):
    with pytest.raises(PlanError) as caught:
        build(llama, {DENSE: "int8"}, activations="static-int8")
    assert caught.value.diagnostics[0].what == (
        "the checkpoint has no 'model.layers.0.self_attn.k_proj.input_scale', nor for 13 more modules"
    )
