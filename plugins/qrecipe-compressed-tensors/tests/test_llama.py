"""A tiny Llama from recipe to logits: what transformers computes is what the codes and scales say."""

from __future__ import annotations

import json

import numpy as np
import pytest
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
    return np.abs(logits(load(folder, dtype="auto")) - logits(reference(source, folder, dtype))).max()


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


def test_w8a8_has_the_weights_and_quantizes_what_goes_in(llama):
    weight_only = build(llama, {DENSE: "int8"})
    plain = logits(load(weight_only))
    folder = build(llama, {DENSE: "int8"}, activations="int8")
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    assert config["format"] == "int-quantized"
    found = logits(load(folder))
    assert (found != plain).any()
    assert np.abs(found - plain).max() < 0.1 * np.abs(plain).max()


def test_fp8_with_fp8_activations_loads(llama):
    plain = logits(load(build(llama, {DENSE: "fp8"})))
    found = logits(load(build(llama, {DENSE: "fp8"}, activations="fp8")))
    assert (found != plain).any()
    assert np.abs(found - plain).max() < 0.2 * np.abs(plain).max()
