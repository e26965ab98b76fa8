"""What torchao or transformers would refuse, or garble without a word, is refused before any work: whole messages."""

import pytest
import torchao_models
from qrecipe.errors import QrecipeError
from torchao_models import LINEAR


@pytest.fixture
def model(tmp_path):
    return torchao_models.llama(tmp_path / "model")


def refused(source, rules, options=""):
    with pytest.raises(QrecipeError) as caught:
        torchao_models.plan(source, rules, options)
    return str(caught.value).replace(str(source.parent), "FOLDER")


ON_CPU = [
    ('layout = "int4"', 'layout = "int4"'),
    ('activations = "fp8"', 'activations = "fp8"'),
    ('layout = "int4"\nactivations = "fp8"', 'layout = "int4"'),
]


@pytest.mark.parametrize(("options", "named"), ON_CPU)
def test_what_cuda_alone_computes_with_is_refused_on_a_cpu(model, options, named):
    assert refused(model, {"**": "int4(group=32) | keep"}, options) == (
        f"error: target 'torchao' has {named}, for a CPU\n"
        "  --> FOLDER/small.toml\n"
        "why: torchao computes with that on CUDA alone; on a CPU the model loads, and fails at its first token\n"
        'fix: set device = "cuda", or take the key out'
    )


@pytest.mark.parametrize(("dtype", "named"), [("float16", "float16"), ("float32", "float32")])
def test_what_cuda_computes_in_bfloat16_is_refused_in_other_dtypes(model, dtype, named):
    options = f'layout = "int4"\ndevice = "cuda"\ndtype = "{dtype}"'
    assert refused(model, {"**": "int4(group=32) | keep"}, options) == (
        f"error: target 'torchao' has layout = \"int4\", in a model that computes in {named}\n"
        "  --> FOLDER/small.toml\n"
        "why: torchao's kernels for that compute in bfloat16\n"
        'fix: set dtype = "bfloat16", or take the key out'
    )


def message(tensors, rule, entry, reason, *, line=4):
    caret = "~" * (len(entry) - 1) + "^"
    return (
        f"error: no type of the chain fits {tensors}\n"
        f"  --> FOLDER/small.toml:{line}:9, {rule}.type\n"
        f"   | {entry}\n"
        f"   | {caret}\n"
        f"why: {entry}: {reason}\n"
        "fix: add an entry that fits to the end of the chain (keep always does), or another rule before this one"
    )


def named_tensors(source, rules, options=""):
    text = refused(source, rules, options)
    return text, text.partition("fits ")[2].partition("\n")[0], int(text.partition("small.toml:")[2].partition(":")[0])


REASONS = [
    ({LINEAR: "Q4_K"}, "", "torchao has no class for Q4_K: its groups have a minimum besides the scale"),
    ({LINEAR: "Q4_1"}, "", "torchao has no class for Q4_1: its groups have a minimum besides the scale"),
    ({LINEAR: "IQ4_NL"}, "", "torchao has no class for IQ4_NL"),
    ({"blk.0.attn_q": "int4(group=96)"}, "", "256 columns are no multiple of 96, its group"),
    (
        {LINEAR: "int1"},
        "",
        "of torchao's two codes for int1, -1 and 0, its rounding makes nearly every weight 0",
    ),
    ({LINEAR: "fp8"}, 'activations = "int8"', "int8 activations need integer weights"),
    (
        {LINEAR: "int8(group=32)"},
        'activations = "int8"\nlayout = "int8"',
        'Int8Tensor with int8 activations has one scale a row; layout = "intx" has groups',
    ),
    (
        {LINEAR: "int8"},
        'activations = "fp8"\ndevice = "cuda"',
        'fp8 activations need fp8 weights, or int4(group=128) with layout = "int4"',
    ),
    ({LINEAR: "Q4_0"}, 'activations = "fp8"\ndevice = "cuda"', "fp8 activations need fp8 weights"),
    (
        {LINEAR: "int4"},
        'layout = "int4"\ndevice = "cuda"',
        'Int4Tensor has groups of 32, 64, 128, 256; layout = "intx" has any',
    ),
    (
        {LINEAR: "int4(group=64)"},
        'layout = "int4"\ndevice = "cuda"\nactivations = "fp8"',
        "Int4Tensor with fp8 activations has groups of 128",
    ),
    (
        {LINEAR: "int4(group=32)"},
        'layout = "int4"\ndevice = "cuda"\nactivations = "int8"',
        'Int4Tensor has no int8 activations; layout = "intx" has them',
    ),
]


@pytest.mark.parametrize(("rules", "options", "reason"), REASONS, ids=lambda value: str(value)[:60])
def test_a_type_that_no_class_stores_is_refused_with_the_reason(model, rules, options, reason):
    text, tensors, line = named_tensors(model, rules, options)
    assert text == message(tensors, "rules[0]", next(iter(rules.values())), reason, line=line)
    assert tensors.startswith("14 tensors" if LINEAR in rules else "tensor blk.0.attn_q")


def test_tied_embeddings_are_refused(tmp_path):
    source = torchao_models.llama(tmp_path / "model", tied=True)
    assert refused(source, {"token_embd": "int8"}) == message(
        "tensor token_embd.weight",
        "rules[0]",
        "int8",
        "the embeddings are the head too, and tied ones load garbled in some architectures",
        line=6,
    )


def test_a_head_that_config_json_ties_to_the_embeddings_is_refused(tmp_path):
    source = torchao_models.llama(tmp_path / "model", tie_word_embeddings=True)
    assert refused(source, {"output": "int8"}) == message(
        "tensor output.weight",
        "rules[0]",
        "int8",
        "the embeddings are the head too, and tied ones load garbled in some architectures",
        line=6,
    )


@pytest.mark.parametrize("name", ["token_embd", "per_layer_token_embd"])
def test_gemmas_embeddings_are_refused(tmp_path, name):
    source = tmp_path / "lib:bard-3m-qat-q4_0"
    assert refused(source, {name: "int8"}) == message(
        f"tensor {name}.weight",
        "rules[0]",
        "int8",
        "Gemma scales its embeddings as it looks them up: quantized ones load, and every logit is wrong",
        line=6,
    )


def test_experts_are_refused(tmp_path):
    text, tensors, line = named_tensors(torchao_models.qwen3moe(tmp_path / "model"), {"**_exps": "int8"})
    reason = "transformers joins the experts of a layer as it loads them, and leaves quantized ones random"
    assert text == message(tensors, "rules[0]", "int8", reason, line=line)
    assert tensors.startswith("6 tensors")


def test_a_router_is_refused(tmp_path):
    source = torchao_models.qwen3moe(tmp_path / "model")
    path = torchao_models.recipe(source, {"**ffn_gate_inp": "int8"})
    path.write_text(path.read_text().replace('type = "int8"', 'type = "int8"\nprotected = true'))
    import qrecipe

    with pytest.raises(QrecipeError) as caught:
        qrecipe.plan(path)
    text = str(caught.value)
    assert "why: int8: a router is no linear layer in transformers\n" in text


def test_what_is_no_matrix_is_refused(tmp_path):
    source = torchao_models.unknown(tmp_path / "model")
    assert refused(source, {"model.conv": "int8"}) == message(
        "tensor model.conv.weight",
        "rules[0]",
        "int8",
        "only linear layers and embeddings have weights that torchao's loader takes",
        line=6,
    )


def test_embeddings_of_an_unknown_architecture_are_refused(tmp_path):
    source = torchao_models.unknown(tmp_path / "model")
    assert refused(source, {"model.embed_tokens": "int8"}) == message(
        "tensor model.embed_tokens.weight",
        "rules[0]",
        "int8",
        "the architecture is unknown, and of its tensors only linear layers' are quantized",
        line=6,
    )


def test_an_unknown_architectures_linear_layers_are_quantized(tmp_path):
    target = torchao_models.plan(torchao_models.unknown(tmp_path / "model"), {"**.q_proj": "int8"})
    types = {decision.tensor.name: str(decision.type) for decision in target.decisions if not decision.keep}
    assert types == {"model.layers.0.self_attn.q_proj.weight": "int8"}


def test_fp8_activations_need_multiples_of_16(tmp_path):
    source = torchao_models.llama(tmp_path / "model", num_key_value_heads=1, head_dim=120)
    text = refused(source, {"blk.0.attn_k": "fp8"}, 'activations = "fp8"\ndevice = "cuda"')
    assert text == message(
        "tensor blk.0.attn_k.weight",
        "rules[0]",
        "fp8",
        "fp8 activations need rows and columns that are multiples of 16, not 120×256",
        line=6,
    )


def test_an_unknown_option_and_profile_are_refused(model):
    assert refused(model, {LINEAR: "int8"}, 'layuot = "int8"') == (
        "error: unknown key 'layuot'\n"
        "  --> FOLDER/small.toml:14:1, targets[0].layuot\n"
        '   | layuot = "int8"\n'
        "   | ~~~~~^\n"
        "why: the keys here are shard_size, dtype, layout, activations, device\n"
        "fix: did you mean 'layout'?"
    )
    assert refused(model, {LINEAR: "int8"}, 'profile = "vllm"') == (
        "error: backend 'torchao' has no profile 'vllm'\n"
        "  --> FOLDER/small.toml:14:12, targets[0].profile\n"
        "   | vllm\n"
        "   | ~~~^\n"
        "why: its profiles are hf\n"
        "fix: choose one of hf"
    )


def test_codes_in_bytes_are_told(model):
    target = torchao_models.plan(model, {"blk.0.attn_q": "int4(group=32)", "blk.1.attn_q": "Q5_0", LINEAR: "int8"})
    (found,) = [str(each) for each in target.findings if each.code == "unpacked-codes"]
    assert found == (
        "warning: target 'torchao': int4(group=32), int5(group=32) take 8 bits a weight and their scales (2 modules)\n"
        "why: torchao's IntxUnpackedToInt8Tensor keeps every code in a byte; an export of the model packs them\n"
        "fix: leave it so for ExecuTorch; for a small file take the compressed-tensors or gguf backend"
    )


def test_packed_and_eight_bit_codes_are_not(model):
    target = torchao_models.plan(
        model, {LINEAR: "int4(group=32)", "output": "int8"}, 'layout = "int4"\ndevice = "cuda"'
    )
    assert not [found for found in target.findings if found.code == "unpacked-codes"]
