"""What is not stored, and why; what is refused; and what config.json says."""

import json
from types import SimpleNamespace

import pytest
import qrecipe
from qrecipe.types.origin import Origin
from qrecipe.types.target import Target
from qrecipe.types.tensor import Inventory
from tiny import MODEL, checkpoint, recipe

from qrecipe_mlx.config import quantization
from qrecipe_mlx.family import MlxFamily

NO_GRID = "fit=lattice needs a grid; with MLX's biases, float32 scales make none, since products round first"
NO_SCALES = "its float16 scales do not fit in bfloat16, which this model computes in"
GPT2 = {"h.0.attn.c_attn.weight": [64, 192], "wte.weight": [128, 64]}
MIXED = {
    f"model.layers.0.mlp.experts.{expert}.{part}_proj.weight": [64, 64]
    for expert in range(2)
    for part in ("gate", "up", "down")
}


def said(path):
    with pytest.raises(qrecipe.QrecipeError) as caught:
        qrecipe.plan(path)
    return str(caught.value).replace(str(path.parent), "FOLDER")


@pytest.mark.parametrize(
    ("type_", "target", "why"),
    [
        ("int4", {}, "int4: MLX has no scale for a whole row: write group=32, 64 or 128"),
        ("int7(group=32)", {}, "int7(group=32): MLX has no codes of 7 bits; it has 2, 3, 4, 5, 6, 8"),
        ("int4(group=256)", {}, "int4(group=256): MLX has groups of 32, 64 and 128, not 256"),
        ("Q4_K", {}, "Q4_K: MLX has no Q4_K"),
        ("fp8", {}, "fp8: MLX has no fp8"),
        (
            "Q4_0",
            {},
            f'Q4_0: {NO_SCALES}: dtype = "float16" holds them',
        ),
        (
            "int4(group=32,fit=lattice)",
            {"dtype": "float32"},
            f"int4(group=32, fit=lattice): {NO_GRID}",
        ),
    ],
)
def test_a_type_that_is_not_stored_says_why(type_, target, why, tmp_path):
    path = recipe(tmp_path / "tiny.toml", MODEL, {"blk.0.attn_q": type_, "**": "keep"}, **target)
    assert said(path) == (
        "error: no type of the chain fits tensor blk.0.attn_q.weight\n"
        "  --> FOLDER/tiny.toml:6:9, rules[0].type\n"
        f"   | {type_}\n"
        f"   | {'~' * (len(type_) - 1)}^\n"
        f"why: {why}\n"
        "fix: add an entry that fits to the end of the chain (keep always does), or another rule before this one"
    )


def test_matrices_that_mlx_lm_turns_around_are_refused(tmp_path):
    source = checkpoint(tmp_path / "model", {"model_type": "gpt2", "dtype": "bfloat16"}, GPT2)
    path = recipe(tmp_path / "tiny.toml", source, {"**": "int4(group=32) | keep"})
    assert said(path) == (
        "error: target 'mlx' cannot be made of a gpt2 model\n"
        "  --> FOLDER/tiny.toml\n"
        "why: its matrices have columns for rows; mlx-lm turns them around while it loads, which codes do not survive\n"
        "fix: convert it with mlx_lm.convert"
    )


def test_unequal_experts_are_refused(tmp_path):
    source = checkpoint(tmp_path / "model", {"model_type": "olmoe", "dtype": "bfloat16"}, MIXED)
    rules = {"**.experts.1.up_proj": "int8(group=32)", "**": "int4(group=32)"}
    assert said(recipe(tmp_path / "tiny.toml", source, rules)) == (
        "error: the experts of model.layers.0.mlp.switch_mlp.up_proj are int4(group=32) and int8(group=32)\n"
        "  --> FOLDER/tiny.toml\n"
        "why: mlx-lm stacks the experts of a layer into one array, which has one type\n"
        "fix: let one rule match all experts of a layer"
    )


def test_experts_that_are_stacked_as_plain_weights_only_are_passed_over(tmp_path):
    source = checkpoint(tmp_path / "model", {"model_type": "qwen9_moe", "dtype": "bfloat16"}, MIXED)
    found = qrecipe.plan(recipe(tmp_path / "tiny.toml", source, {"**": "int4(group=32) | keep"})).targets[0]
    assert {decision.type.format.name for decision in found.decisions} == {"BF16"}
    (reason,) = {passed.why for decision in found.decisions for passed in decision.passed_over}
    assert reason == "mlx-lm rearranges the experts of qwen9_moe models as plain weights only"


def test_a_model_type_that_nobody_tried_is_a_warning(tmp_path):
    shapes = {"model.layers.0.mlp.up_proj.weight": [64, 64]}
    source = checkpoint(tmp_path / "model", {"model_type": "strange", "dtype": "bfloat16"}, shapes)
    found = qrecipe.plan(recipe(tmp_path / "tiny.toml", source, {"**": "int4(group=32)"}))
    (warning,) = (str(each) for each in found.warnings if each.code.startswith("mlx"))
    assert warning == (
        "warning: nobody has seen mlx-lm load a strange model as target 'mlx' has it\n"
        "why: mlx-lm renames and rearranges weights in a way for each kind of model, and not every way suits codes\n"
        "fix: load the result with mlx_lm before you publish it"
    )


def test_plain_tensors_in_another_dtype_than_scales_are_a_warning(tmp_path):
    shapes = {"model.layers.0.mlp.up_proj.weight": [64, 64], "model.norm.weight": [64]}
    source = checkpoint(tmp_path / "model", {"model_type": "qwen2", "dtype": "float16"}, shapes)
    found = qrecipe.plan(recipe(tmp_path / "tiny.toml", source, {"**": "int4(group=32) | keep"}))
    (warning,) = (str(each) for each in found.warnings if each.code.startswith("mlx"))
    assert warning == (
        "warning: target 'mlx' has plain tensors in BF16 beside scales in F16\n"
        "why: MLX computes in float32 where the two meet, from the first such layer on\n"
        "fix: set dtype on the target, and all of them are stored in it"
    )


def test_the_top_level_has_what_most_modules_have():
    assert quantization([("a", (4, 64)), ("b", (8, 32)), ("c", (8, 32))])["quantization"] == {
        "group_size": 32,
        "bits": 8,
        "mode": "affine",
        "a": {"group_size": 64, "bits": 4},
        "b": {"group_size": 32, "bits": 8},
        "c": {"group_size": 32, "bits": 8},
    }
    assert quantization([]) == {}


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    """One quantized module, all else as it was."""
    folder = tmp_path_factory.mktemp("one")
    rules = {"blk.0.attn_q": "int4(group=64)", "**": "keep"}
    qrecipe.build(recipe(folder / "tiny.toml", MODEL, rules), output=folder)
    return folder / "out"


@pytest.mark.parametrize(
    ("bits", "group", "found"),
    [
        (7, 64, "7 bits, groups of 64"),
        (4, 16, "4 bits, groups of 16"),
        (4.0, 64, "4.0 bits, groups of 64"),
        ([4], "64", "[4] bits, groups of 64"),
        (None, True, "None bits, groups of True"),
    ],
)
def test_numbers_that_mlx_has_not_are_refused_when_read_back(bits, group, found, artifact):
    path = artifact / "config.json"
    before = path.read_text()
    config = json.loads(before)
    config["quantization"]["model.layers.0.self_attn.q_proj"] = {"bits": bits, "group_size": group}
    path.write_text(json.dumps(config))
    (said_,) = qrecipe.verify(artifact).differences
    path.write_text(before)
    assert str(said_).replace(str(artifact), "FOLDER") == (
        f"error: module model.layers.0.self_attn.q_proj has {found} and scales in BF16\n"
        "  --> FOLDER/config.json, quantization\n"
        "why: MLX has 2, 3, 4, 5, 6 and 8 bits, groups of 32, 64 and 128, and scales in BF16, F16 and F32\n"
        "fix: download or build the artifact again"
    )


@pytest.mark.parametrize(
    ("section", "modules"),
    [
        ({"bits": 4, "group_size": 64}, {"one": "int4(group=64)"}),
        ({"bits": 4, "group_size": 64, "one": {"bits": 8, "group_size": 32}}, {"one": "int8(group=32)"}),
        ({}, None),
        ("four", None),
        (None, None),
    ],
)
def test_schemes_are_read_from_config_and_headers(section, modules):
    """Arrays of MLX's other modes have no biases, and stacked ones are no matrices: neither is a scheme."""
    shapes = {
        "one.weight": ("U32", (8, 8)),
        "one.scales": ("BF16", (8, 1)),
        "one.biases": ("BF16", (8, 1)),
        "mxfp4.weight": ("U32", (8, 8)),
        "mxfp4.scales": ("U8", (8, 2)),
        "stacked.weight": ("U32", (2, 8, 8)),
        "stacked.scales": ("BF16", (2, 8, 1)),
        "stacked.biases": ("BF16", (2, 8, 1)),
    }
    tensors = {name: SimpleNamespace(dtype=dtype, shape=shape) for name, (dtype, shape) in shapes.items()}
    checkpoint_ = SimpleNamespace(config={"quantization": section}, tensors=tensors, reference="here", folder=None)
    found = MlxFamily().schemes(checkpoint_)
    assert (None if found is None else {module: scheme.name for module, scheme in found.items()}) == modules


@pytest.mark.parametrize(("shipped", "written"), [(None, True), (False, False), (True, True)])
def test_config_json_says_whether_the_head_is_the_embedding(shipped, written):
    config = {} if shipped is None else {"tie_word_embeddings": shipped}
    inventory = Inventory((), origin=Origin({}, {"model_type": "llama", **config}))
    added = MlxFamily().config((), inventory, Target("mlx", "mlx", "out/"))
    assert {**config, **added}["tie_word_embeddings"] is written
    assert bool(added) is (shipped is None)
