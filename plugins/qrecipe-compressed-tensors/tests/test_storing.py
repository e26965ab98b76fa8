"""Which type is stored for which tensor, and the reasons where it is not: all that one tensor and one target decide."""

from __future__ import annotations

import pytest
from plans import FAMILY, fused_moe, llama, moe, target, use, why_not

DOWN, QUERY, HEAD, EMBEDDING = "blk.0.ffn_down.weight", "blk.0.attn_q.weight", "output.weight", "token_embd.weight"
HF, VLLM = target("hf"), target("vllm")


@pytest.mark.parametrize("type_", ["int1", "int4", "int8", "int3(group=64)", "int8(group=16)", "fp8", "Q4_0", "TQ2_0"])
def test_transformers_loads_all_widths_and_groups(type_):
    assert why_not(llama(), QUERY, type_, HF) is None


@pytest.mark.parametrize("type_", ["int4", "int4(group=32)", "int8(group=128)", "int8", "fp8", "Q4_0", "Q8_0"])
def test_vllm_loads_four_and_eight_bits(type_):
    assert why_not(llama(), QUERY, type_, VLLM) is None


@pytest.mark.parametrize("name", ["Q2_K", "Q4_K", "Q5_K", "Q4_1", "Q5_1"])
@pytest.mark.parametrize("to", [HF, VLLM])
def test_offsets_are_not_stored(name, to):
    said = f"compressed-tensors has no {name}: its blocks have a floating-point minimum, not an integer zero point"
    assert why_not(llama(), QUERY, name, to) == said


@pytest.mark.parametrize("name", ["IQ4_NL", "IQ2_XS", "MXFP4"])
def test_codebooks_are_not_stored(name):
    said = f"compressed-tensors has no {name}: its codes are no evenly spaced integers"
    assert why_not(llama(), QUERY, name, HF) == said


@pytest.mark.parametrize("name", ["Q6_K", "Q3_K"])
@pytest.mark.parametrize(("dtype", "short"), [("bfloat16", "BF16"), ("float16", "F16")])
def test_scales_that_only_float32_holds_need_a_float32_runtime(name, dtype, short):
    assert why_not(llama(), QUERY, name, target("hf", dtype=dtype)) == (
        f'{name}\'s scales need float32, and this target runs in {short} (dtype = "float32" would hold them)'
    )
    assert why_not(llama(), QUERY, name, target("hf", dtype="float32")) is None


def test_a_group_must_divide_the_columns():
    assert use("int4(group=48)").format.refuses((256, 256), (("group", 48),)) == (
        "256 columns are no multiple of 48, its group"
    )
    scheme = FAMILY.scheme(use("int4(group=48)"), llama().tensors[2], HF, llama())
    assert scheme.refuses((256, 256), ()) == "256 columns are no multiple of 48, its group"


@pytest.mark.parametrize("type_", ["int4(group=32)", "int8", "fp8", "Q4_0"])
@pytest.mark.parametrize("to", [HF, VLLM])
def test_embeddings_that_are_the_head_too_are_kept(type_, to):
    assert why_not(llama(head=False), EMBEDDING, type_, to) == (
        "the embeddings are the output head too, and no runtime loads such a quantized one"
    )


def test_embeddings_with_a_head_beside_them_are_kept():
    assert why_not(llama(), EMBEDDING, "int4", HF) == "transformers fails to load quantized embeddings"
    assert (
        why_not(llama(), EMBEDDING, "int4", VLLM) == "vLLM loads quantized input embeddings in few model classes only"
    )


def test_the_head_is_quantized_in_transformers_and_in_vllm_where_that_is_asked_for():
    assert why_not(llama(), HEAD, "int4", HF) is None
    assert why_not(llama(), HEAD, "int4", VLLM) == "vLLM keeps the output head unless the target says lm_head = true"
    assert why_not(llama(), HEAD, "int4", target("vllm", lm_head=True)) is None


def test_routers_are_kept():
    for to in (HF, VLLM):
        said = why_not(moe(), "blk.0.ffn_gate_inp.weight", "int8", to)
        assert said == "runtimes compute routers from their full weights"


def test_what_is_no_linear_layer_is_kept():
    from plans import inventory, tensor

    model = inventory(tensor("blk.0.ssm_conv1d.weight", (4, 3, 256), "model.layers.0.conv.weight"))
    assert why_not(model, "blk.0.ssm_conv1d.weight", "int8", HF) == (
        "it is no weight of a linear layer, and compressed-tensors stores no other"
    )


def test_experts_in_one_tensor_are_for_vllm():
    assert why_not(fused_moe(), "blk.0.ffn_down_exps.weight", "int4(group=32)", VLLM) is None
    assert why_not(fused_moe(), "blk.0.ffn_down_exps.weight", "int4(group=32)", HF) == (
        "transformers has no converter for quantized experts that the checkpoint holds as one tensor"
    )


def test_experts_are_packed_integers_in_vllm():
    assert why_not(moe(), "blk.0.ffn_up_exps.weight", "int4(group=32)", VLLM) is None
    assert (
        why_not(moe(), "blk.0.ffn_up_exps.weight", "fp8", VLLM) == "vLLM loads routed experts as packed integers only"
    )


def test_int8_is_packed_unless_activations_are_quantized_too():
    model = llama()
    for to in (HF, VLLM):
        assert FAMILY.scheme(use("int8"), model.tensors[2], to, model).format == "pack-quantized"
    for profile in ("hf", "vllm"):
        scheme = FAMILY.scheme(use("int8"), model.tensors[2], target(profile, activations="int8"), model)
        assert scheme.format == "int-quantized"


@pytest.mark.parametrize("group", [16, 48, 256])
def test_groups_of_other_sizes_have_no_kernel_in_vllm(group):
    assert why_not(llama(), QUERY, f"int4(group={group})", VLLM) == (
        f"vLLM's kernels take groups of 32, 64 or 128 columns, or whole rows, not groups of {group}"
    )


@pytest.mark.parametrize("width", [2, 3, 5, 6, 7])
def test_other_widths_need_the_humming_kernels_in_vllm(width):
    assert why_not(llama(), QUERY, f"int{width}(group=32)", VLLM) == (
        f'vLLM\'s Marlin kernels take 4 or 8 bits, not {width} (kernels = "humming" takes 2 to 8)'
    )
    assert why_not(llama(), QUERY, f"int{width}(group=32)", target("vllm", kernels="humming")) is None
    assert why_not(moe(), "blk.0.ffn_up_exps.weight", f"int{width}(group=32)", target("vllm", kernels="humming")) == (
        f"vLLM's kernels for experts take 4 or 8 bits, not {width}"
    )


def test_one_bit_has_no_kernel_in_vllm():
    said = why_not(llama(), QUERY, "int1", target("vllm", kernels="humming"))
    assert said == "vLLM's Humming kernels take 2 to 8 bits, not 1"


def test_a_group_must_divide_what_each_device_has_of_a_row():
    to = target("vllm", tp=4)
    assert why_not(llama(inner=512), DOWN, "int4(group=128)", to) is None
    assert why_not(llama(inner=256), DOWN, "int4(group=128)", to) == (
        "256 columns on 4 devices are no whole groups of 128 on each"
    )
    assert why_not(llama(inner=256), QUERY, "int4(group=128)", to) is None
    assert why_not(moe(inner=64), "blk.0.ffn_down_exps.weight", "int4(group=32)", to) == (
        "64 columns on 4 devices are no whole groups of 32 on each"
    )


def test_ternary_blocks_are_cut_into_groups_that_vllm_takes():
    model = llama()
    to = target("vllm", kernels="humming")
    assert FAMILY.scheme(use("TQ2_0"), model.tensors[2], to, model).name == "int2(group=128)"
    assert FAMILY.scheme(use("TQ2_0"), model.tensors[2], HF, model).name == "int2(group=256)"


@pytest.mark.parametrize(
    ("keys", "said"),
    [({"tp": 2}, "tp"), ({"kernels": "humming"}, "kernels"), ({"tp": 2, "lm_head": True}, "tp and lm_head")],
)
def test_keys_of_vllm_mean_nothing_to_transformers(keys, said):
    found = FAMILY.refuses(llama(), target("hf", **keys))
    means = "mean nothing" if " and " in said else "means nothing"
    assert str(found) == (
        f"error: target 'serve' sets {said}, which {means} to transformers\n"
        'why: these keys are about how vLLM runs the model, and the target is for profile "hf"\n'
        f'fix: set profile = "vllm", or leave {said} out'
    )
    assert FAMILY.refuses(llama(), target("vllm", **keys)) is None
    assert FAMILY.refuses(llama(), target("hf")) is None
