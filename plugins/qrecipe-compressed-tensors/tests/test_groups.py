"""`quantization_config`, word for word: exact names, one expression for experts, and everything that is kept."""

from __future__ import annotations

import pytest
from plans import config, fused_moe, inventory, llama, moe, target, tensor

HF, VLLM = target("hf"), target("vllm")
EXPERTS = ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps")


def weights(width, group, type_="int"):
    strategy = "channel" if group is None else "group"
    return {
        "num_bits": width,
        "type": type_,
        "symmetric": True,
        "strategy": strategy,
        "group_size": group,
        "dynamic": False,
    }


def group(targets, weights_, format_="pack-quantized", activations=None):
    return {
        "targets": targets,
        "weights": weights_,
        "input_activations": activations,
        "output_activations": None,
        "format": format_,
    }


@pytest.mark.parametrize("to", [HF, VLLM])
def test_dense_modules_are_named_and_what_is_kept_is_ignored(to):
    names = [f"model.layers.0.{name}" for name in ("mlp.gate_proj", "mlp.up_proj", "self_attn.o_proj")]
    types = {"attn_output": "int4(group=32)", "ffn_gate": "int8", "ffn_up": "int8"}
    assert config(llama(layers=1), types, to) == {
        "quant_method": "compressed-tensors",
        "format": "pack-quantized",
        "quantization_status": "compressed",
        "ignore": [
            "lm_head",
            "model.layers.0.self_attn.q_proj",
            "model.layers.0.self_attn.k_proj",
            "model.layers.0.self_attn.v_proj",
            "model.layers.0.mlp.down_proj",
        ],
        "config_groups": {
            "group_0": group([names[2]], weights(4, 32)),
            "group_1": group(names[:2], weights(8, None)),
        },
    }


def test_different_layouts_are_mixed_precision():
    found = config(llama(layers=1), {"attn_output": "int8", "ffn_down": "fp8"}, target("hf", activations="int8"))
    assert found["format"] == "mixed-precision"
    token = {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "token", "dynamic": True}
    assert list(found["config_groups"].values()) == [
        group(["model.layers.0.self_attn.o_proj"], weights(8, None), "int-quantized", token),
        group(["model.layers.0.mlp.down_proj"], weights(8, None, "float"), "float-quantized"),
    ]


@pytest.mark.parametrize(
    ("activations", "type_", "kind"), [("static-int8", "int8", "int"), ("static-fp8", "fp8", "float")]
)
def test_static_activations_have_one_scale_for_the_whole_input(activations, type_, kind):
    found = config(llama(layers=1), {"attn_output": type_}, target("hf", activations=activations))
    assert found["config_groups"]["group_0"]["input_activations"] == {
        "num_bits": 8,
        "type": kind,
        "symmetric": True,
        "strategy": "tensor",
        "dynamic": False,
    }


@pytest.mark.parametrize("to", [HF, VLLM])
def test_experts_come_first_and_are_one_expression(to):
    found = config(moe(), {"attn_output": "int8", **dict.fromkeys(EXPERTS, "int4(group=32)")}, to)
    assert list(found["config_groups"].values()) == [
        group([r"re:.*\.experts\.\d+\.(gate_proj|up_proj|down_proj)$"], weights(4, 32)),
        group([f"model.layers.{i}.self_attn.o_proj" for i in range(2)], weights(8, None)),
    ]
    assert "model.layers.0.mlp.gate" in found["ignore"]
    assert not any("experts" in entry for entry in found["ignore"])


def test_experts_of_layers_that_differ_have_an_expression_for_each_scheme():
    types = {f"0.{role}": "int8" for role in EXPERTS} | dict.fromkeys(EXPERTS, "int4(group=32)")
    found = config(moe(layers=3), types, VLLM)["config_groups"]
    assert [group_["targets"] for group_ in found.values()] == [
        [r"re:.*\.layers\.(0)\.(.*\.)?experts\.\d+\.(gate_proj|up_proj|down_proj)$"],
        [r"re:.*\.layers\.(1|2)\.(.*\.)?experts\.\d+\.(gate_proj|up_proj|down_proj)$"],
    ]


def test_experts_that_are_kept_are_ignored_by_one_expression():
    assert config(moe(), {"attn_output": "int8"}, HF)["ignore"][-1] == (
        r"re:.*\.experts\.\d+\.(gate_proj|up_proj|down_proj)$"
    )
    types = {f"1.{role}": "keep" for role in EXPERTS} | dict.fromkeys(EXPERTS, "int4(group=32)")
    assert config(moe(), types, VLLM)["ignore"][-1] == (
        r"re:.*\.layers\.(1)\.(.*\.)?experts\.\d+\.(gate_proj|up_proj|down_proj)$"
    )


def test_fused_experts_that_are_kept_are_ignored_under_the_names_that_vllm_gives_them():
    model = fused_moe()
    model = inventory(
        *model.tensors, tensor("blk.0.attn_q.weight", (256, 256), "model.layers.0.self_attn.q_proj.weight")
    )
    assert config(model, {"attn_q": "int8"}, HF)["ignore"] == [r"re:.*\.experts\.\d+\.(gate_proj|up_proj|down_proj)$"]


def test_fused_experts_are_modules_of_each_expert():
    from plans import modules

    types = dict.fromkeys(("ffn_gate_up_exps", "ffn_down_exps"), "int4(group=64)")
    found = modules(fused_moe(experts=2, width=256, inner=128), types, VLLM)
    prefix = "model.language_model.layers.0.experts"
    assert [(module.name, module.rows, module.shape) for module in found] == [
        (f"{prefix}.0.gate_proj", (0, 128), (128, 256)),
        (f"{prefix}.0.up_proj", (128, 256), (128, 256)),
        (f"{prefix}.1.gate_proj", (256, 384), (128, 256)),
        (f"{prefix}.1.up_proj", (384, 512), (128, 256)),
        (f"{prefix}.0.down_proj", (0, 256), (256, 128)),
        (f"{prefix}.1.down_proj", (256, 512), (256, 128)),
    ]
    groups = config(fused_moe(), types, VLLM)["config_groups"]
    assert groups["group_0"]["targets"] == [r"re:.*\.experts\.\d+\.(gate_proj|up_proj|down_proj)$"]


def shared_values(*, left_out=()):
    """Layer 0 has q, k and v, layer 1 has no v of its own, layer 2 neither k nor v."""
    parts = {0: ("q", "k", "v"), 1: ("q", "k"), 2: ("q",)}
    tensors = [
        tensor(f"blk.{i}.attn_{part}.weight", (256, 256), f"model.layers.{i}.self_attn.{part}_proj.weight")
        for i, names in parts.items()
        for part in names
    ]
    return inventory(
        *tensors, left_out={f"model.layers.2.self_attn.{part}_proj.weight": (256, 256) for part in left_out}
    )


@pytest.mark.parametrize("left_out", [(), ("k", "v")], ids=["absent", "in the checkpoint, but not used"])
def test_projections_that_a_layer_has_not_are_listed_beside_its_query(left_out):
    types = dict.fromkeys(("attn_q", "attn_k", "attn_v"), "int4(group=32)")
    found = config(shared_values(left_out=left_out), types, VLLM)
    targets = found["config_groups"]["group_0"]["targets"]
    assert sorted(targets) == sorted(f"model.layers.{i}.self_attn.{part}_proj" for i in range(3) for part in "qkv")
    assert found["ignore"] == []


def test_and_ignored_where_the_query_is_kept():
    types = {"1.attn_q": "keep", "1.attn_k": "keep", **dict.fromkeys(("attn_q", "attn_k", "attn_v"), "int8")}
    found = config(shared_values(), types, VLLM)
    assert found["ignore"] == [f"model.layers.1.self_attn.{part}_proj" for part in ("q", "k", "v")]


def test_linear_layers_of_other_towers_are_ignored():
    model = llama(
        layers=1,
        left_out={
            "model.vision_tower.layers.0.mlp.fc1.weight": (64, 64),
            "model.vision_tower.patch.weight": (64, 3, 14, 14),
            "model.vision_tower.norm.weight": (64,),
        },
    )
    assert config(model, {"attn_output": "int8"}, HF)["ignore"][-1] == "model.vision_tower.layers.0.mlp.fc1"


def test_names_are_those_of_transformers_5():
    model = inventory(
        tensor("blk.0.attn_q.weight", (256, 256), "language_model.model.layers.0.self_attn.q_proj.weight"),
        tensor("output.weight", (256, 256), "language_model.lm_head.weight"),
    )
    found = config(model, {"attn_q": "int8"}, HF)
    assert found["ignore"] == ["lm_head"]
    assert found["config_groups"]["group_0"]["targets"] == ["model.language_model.layers.0.self_attn.q_proj"]


def test_nothing_is_said_where_nothing_is_quantized():
    from plans import FAMILY, modules

    assert FAMILY.config(modules(llama(), {}, HF), llama(), HF) == {}
