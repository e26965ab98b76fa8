"""What a plan as a whole is refused or warned for, message by message."""

from __future__ import annotations

import pytest
from plans import findings, fused_moe, inventory, llama, modules, moe, target, tensor

from qrecipe_compressed_tensors.targets import target_faults

HF, VLLM = target("hf"), target("vllm")
ATTENTION = {"attn_q": "int4(group=32)", "attn_k": "int4(group=32)", "attn_v": "int4(group=32)"}
ALL = {
    **ATTENTION,
    **dict.fromkeys(("attn_output", "ffn_gate", "ffn_up", "ffn_down"), "int4(group=32)"),
}
GROUP = "int4(group=32)"


@pytest.mark.parametrize("profile", ["hf", "vllm"])
def test_a_plain_plan_has_no_findings(profile):
    assert findings(llama(), ALL, target(profile)) == []


# vllm: what is fused must be alike


def test_vllm_refuses_unequal_query_key_and_value():
    types = {"attn_q": GROUP, "attn_k": GROUP, "attn_v": "int8"}
    assert findings(llama(), types, VLLM) == [
        "error: in model.layers.0.self_attn and 1 more, q_proj is int4(group=32), k_proj is int4(group=32), "
        "v_proj is int8\n"
        "why: vLLM makes one layer of them, and reads all of it as it reads the first part\n"
        "fix: give them one type; now they are decided by mix.toml:10, rules[0]; mix.toml:11, rules[1]; "
        "mix.toml:12, rules[2]"
    ]
    assert findings(llama(), types, HF) == []


def test_vllm_refuses_a_layer_of_which_a_part_is_kept():
    types = {"0.ffn_up": "keep", "ffn_gate": "int8", "ffn_up": "int8"}
    assert findings(llama(), types, VLLM) == [
        "error: in model.layers.0.mlp, gate_proj is int8, up_proj is kept\n"
        "why: vLLM makes one layer of them, and reads all of it as it reads the first part\n"
        "fix: give them one type; now they are decided by mix.toml:11, rules[1]; mix.toml:10, rules[0]"
    ]


def test_vllm_takes_layers_that_differ_from_each_other():
    assert findings(llama(), {"0.attn_q": "int8", "0.attn_k": "int8", "0.attn_v": "int8", **ATTENTION}, VLLM) == []


def test_ggmls_codes_and_own_codes_of_one_layout_are_alike():
    types = {"attn_q": "Q8_0", "attn_k": "int8(group=32)", "attn_v": "Q8_0"}
    assert not [found for found in findings(llama(), types, target("vllm", dtype="float16")) if "error" in found]


# experts


def test_transformers_has_one_scheme_for_all_experts():
    types = {"ffn_gate_exps": GROUP, "ffn_up_exps": GROUP, "ffn_down_exps": "int8"}
    assert findings(moe(), types, HF) == [
        "error: in all layers, gate_proj is int4(group=32), up_proj is int4(group=32), down_proj is int8\n"
        "why: transformers has one scheme for all routed experts of a model\n"
        "fix: give them one type; now they are decided by mix.toml:10, rules[0]; mix.toml:11, rules[1]; "
        "mix.toml:12, rules[2]"
    ]


def test_transformers_takes_no_model_with_experts_of_one_layer_kept():
    types = {f"0.{role}": "keep" for role in ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps")}
    types |= dict.fromkeys(("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"), GROUP)
    (found,) = findings(moe(), types, HF)
    assert found.startswith(
        "error: in all layers, gate_proj is kept, up_proj is kept, down_proj is kept, gate_proj is int4(group=32), "
    )
    assert findings(moe(), types, VLLM) == []


def test_transformers_fails_over_experts_that_are_kept_where_anything_is_quantized():
    assert findings(moe(), {"attn_output": "int8"}, HF) == [
        "error: 24 modules of routed experts are kept in a model where 'model.layers.0.self_attn.o_proj' is quantized\n"
        "why: transformers decompresses all routed experts of such a model as it loads, and fails where they are "
        "plain\n"
        "fix: give the experts one type, or keep all; now they are decided by mix.toml, rules[1]"
    ]
    assert findings(moe(), {}, HF) == []
    assert findings(moe(), {"attn_output": "int8"}, VLLM) == []


def test_vllm_has_one_scheme_for_the_experts_of_a_layer():
    types = {"1.ffn_down_exps": "int8", **dict.fromkeys(("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"), GROUP)}
    assert findings(moe(), types, VLLM) == [
        "error: in model.layers.1.mlp.experts, gate_proj is int4(group=32), up_proj is int4(group=32), "
        "down_proj is int8\n"
        "why: vLLM has one scheme for all routed experts of a layer\n"
        "fix: give them one type; now they are decided by mix.toml:11, rules[1]; mix.toml:12, rules[2]; "
        "mix.toml:10, rules[0]"
    ]


# activations


def with_scales(*modules_, shape=(1,)):
    return llama(left_out={f"{module}.input_scale": shape for module in modules_})


QUERIES = [f"model.layers.{i}.self_attn.q_proj" for i in range(2)]


def test_a_static_scale_must_be_in_the_checkpoint():
    to = target("hf", activations="static-int8")
    assert findings(with_scales(*QUERIES), {"attn_q": "int8"}, to) == []
    assert findings(with_scales(QUERIES[0]), {"attn_q": "int8"}, to) == [
        "error: the checkpoint has no 'model.layers.1.self_attn.q_proj.input_scale'\n"
        "why: static activations take each module's scale from the checkpoint, where training or calibration left it\n"
        'fix: set activations to the dynamic "int8" or "fp8", which needs none, or choose a checkpoint that has them'
    ]
    (found,) = findings(llama(), {"attn_q": "int8"}, to)
    assert found.splitlines()[0] == (
        "error: the checkpoint has no 'model.layers.0.self_attn.q_proj.input_scale', nor for 1 more modules"
    )


@pytest.mark.parametrize("shape", [(), (256,)])
def test_a_static_scale_is_one_number(shape):
    to = target("hf", activations="static-fp8")
    assert findings(with_scales(*QUERIES, shape=shape), {"attn_q": "fp8"}, to)[0] == (
        f"error: 'model.layers.0.self_attn.q_proj.input_scale' has shape {list(shape)}\n"
        "why: a static scale is one number for a module's whole input, and runtimes read it as an array of shape [1]\n"
        'fix: set activations to the dynamic "int8" or "fp8", or choose a checkpoint with one scale for each module'
    )


def test_modules_that_stay_weight_only_are_told():
    types = {"attn_output": "int8", "ffn_down": "int4(group=32)"}
    assert findings(llama(), types, target("hf", activations="int8")) == [
        "warning: 2 modules keep their inputs as they are: they are int4(group=32), the first "
        "'model.layers.0.mlp.down_proj'\n"
        "why: activations = 'int8' is for linear layers of type int8 without group, experts excepted\n"
        'fix: say type = "int8" for them, or let them be weight-only'
    ]


def test_activations_that_reach_no_module_are_an_error():
    assert findings(llama(), {"ffn_down": "int8(group=32)"}, target("hf", activations="int8")) == [
        "error: target 'serve' quantizes activations, but no module's\n"
        "why: activations = 'int8' is for linear layers of type int8 without group, and there is none\n"
        'fix: say type = "int8" where inputs shall be quantized, or leave activations out'
    ]


# warnings


@pytest.mark.parametrize("profile", ["hf", "vllm"])
@pytest.mark.parametrize(("name", "kept"), [("Q4_0", "91.5"), ("Q8_0", "76.8")])
def test_scales_that_bf16_rounds_are_told_with_the_share_that_stays(name, kept, profile):
    assert findings(llama(), {"attn_output": name}, target(profile)) == [
        f"warning: 2 tensors keep the codes of {name}, but not all of its values\n"
        f"why: the runtime holds scales as BF16, and those of {name} are F16 numbers: about {kept} % of the weights "
        "are those that a GGUF gives a BF16 model\n"
        'fix: set dtype = "float16" on the target, which holds all of them, or use torchao, which keeps F16 scales'
    ]
    assert findings(llama(), {"attn_output": name}, target(profile, dtype="float16")) == []


def test_ternary_values_are_the_same_with_rounded_scales():
    assert findings(llama(), {"attn_output": "TQ2_0"}, HF) == []


def test_experts_that_leave_the_fast_kernel_are_told():
    types = dict.fromkeys(("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"), "int4(group=32)")
    assert findings(moe(inner=192), types, target("vllm", tp=2)) == [
        "warning: vLLM will not use its Marlin kernel for the experts of model.layers.0.mlp and 1 more (256 × 192, "
        "groups of 32, on 2 devices)\n"
        "why: it takes a hidden size that is a multiple of 128, and on each device an intermediate size that is a "
        "multiple of 64 and of the group\n"
        "fix: choose a smaller group, or fewer devices; vLLM has a slower kernel otherwise"
    ]
    assert findings(moe(inner=192), types, VLLM) == []


def test_experts_of_gemma_4_26b_stay_in_the_fast_kernel():
    types = dict.fromkeys(("ffn_gate_up_exps", "ffn_down_exps"), "int4(group=64)")
    assert findings(fused_moe(width=2816, inner=704), types, VLLM) == []


def test_shapes_that_the_fast_kernel_does_not_take_are_told():
    assert findings(llama(width=320), {"attn_output": "int4(group=64)"}, VLLM) == [
        "warning: vLLM's Marlin kernel does not take model.layers.0.self_attn.o_proj and 1 more (320 × 320 on each "
        "device)\n"
        "why: it takes rows in multiples of 64 and columns in multiples of 128; current versions pad or use another "
        "kernel, older ones refuse\n"
        "fix: keep these modules, or use fewer devices, where that matters"
    ]


def test_fused_parts_are_measured_together():
    model = llama(width=128)  # k and v have 64 rows on one device, 32 on each of two; q, k and v together 128
    assert findings(model, ATTENTION, target("vllm", tp=2)) == []


# proof of the targets


def test_a_module_in_no_group_is_an_error():
    found = modules(llama(layers=1), {"attn_q": "int8"}, HF)
    assert [str(fault) for fault in target_faults({"config_groups": {}}, found)] == [
        "error: module 'model.layers.0.self_attn.q_proj' is a target of no group, not of one group\n"
        "why: a runtime would load random weights, or choose among the groups by the alphabet\n"
        "fix: keep this module, and report it: its name is one that qrecipe-compressed-tensors should know"
    ]


def test_a_module_in_two_groups_is_an_error():
    groups = {"a": {"targets": ["re:.*q_proj$"]}, "b": {"targets": ["model.layers.0.self_attn.q_proj"]}}
    (found,) = target_faults({"config_groups": groups}, modules(llama(layers=1), {"attn_q": "int8"}, HF))
    assert found.what == "module 'model.layers.0.self_attn.q_proj' is a target of b and a, not of one group"


def test_a_kept_module_in_a_group_is_an_error():
    groups = {"a": {"targets": ["re:.*(q|k)_proj$"]}}
    found = target_faults({"config_groups": groups}, modules(llama(layers=1), {"attn_q": "int8"}, HF))
    assert [str(fault) for fault in found] == [
        "error: module 'model.layers.0.self_attn.k_proj' is kept, but a target of a\n"
        "why: a runtime would look for codes that are not there\n"
        "fix: quantize it too, and report it: its name is one that qrecipe-compressed-tensors should know"
    ]


def test_the_proof_finds_experts_that_no_pattern_tells_from_those_that_are_kept():
    model = inventory(
        tensor("blk.0.ffn_up_exps.weight", (256, 256), "model.layers.0.experts.0.up_proj.weight"),
        tensor("blk.0.ffn_down_exps.weight", (256, 256), "model.layers.0.mlp.experts.0.up_proj.weight"),
    )
    found = findings(model, {"ffn_up_exps": "int8"}, VLLM)
    assert found[0].splitlines()[0] == (
        "error: module 'model.layers.0.experts.0.up_proj' is a target of no group, not of one group"
    )
