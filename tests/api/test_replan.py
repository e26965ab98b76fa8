"""Plans built again: the same bytes, or an error that says what no longer goes together. Files may have been edited."""

import json
from pathlib import Path

import pytest

import qrecipe
from qrecipe.errors import QrecipeError

AGAIN = "fix: plan again from the recipe"


@pytest.fixture
def planned(workplace):
    return json.loads(qrecipe.plan_json(qrecipe.plan("mix.toml")))


def complaint(document, **given):
    """Build an edited plan and return what is said; nothing may be written."""
    Path("plan.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(QrecipeError) as caught:
        qrecipe.build("plan.json", output="out", **given)
    assert not Path("out").exists()
    return str(caught.value)


def retype(document, old, new, **change):
    """Say `new` wherever a tensor is `old`."""
    for tensor in document["targets"][0]["tensors"]:
        if tensor["type"] == old:
            tensor |= {"type": new, **change}
            tensor["parts"][0]["dtype"] = new


def test_a_type_that_the_backend_does_not_store(planned):
    retype(planned, "Q6_K", "int4")
    assert complaint(planned) == (
        "error: int4 cannot stand for tensor blk.0.attn_v.weight\n"
        "  --> plan.json, targets[0]\n"
        "why: GGUF has no int4; the plan was edited, or made by another version of qrecipe or of a plug-in\n" + AGAIN
    )


def test_a_type_that_the_shape_forbids_though_the_sizes_agree(planned):
    retype(planned, "Q5_0", "Q4_K")  # 320 columns
    said = complaint(planned)
    assert said.startswith("error: Q4_K cannot stand for 2 tensors (blk.0.ffn_down.weight, blk.1.ffn_down.weight)\n")
    assert "why: 320 columns are no multiple of 256, its block; the plan was edited" in said


def test_a_kept_tensor_of_another_type(planned):
    retype(planned, "F32", "F16")
    assert "F16 cannot stand for 3 tensors" in (said := complaint(planned))
    assert "why: kept, it is stored as F32; the plan was edited" in said


def test_a_type_that_needs_an_imatrix(planned):
    retype(planned, "Q6_K", "IQ2_XXS")
    assert complaint(planned).startswith("error: IQ2_XXS needs imatrix data for tensor blk.0.attn_v.weight\n")


def test_sizes_that_are_not_those_of_the_types(planned):
    retype(planned, "Q6_K", "Q5_K")
    assert complaint(planned) == (
        "error: the sizes in the plan for target 'gguf' are not those that this version computes\n"
        "  --> plan.json, targets[0]\n"
        "why: the plan was edited, or made by another version of qrecipe or of a plug-in\n" + AGAIN
    )


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"options": {"speed": 1}}, "targets[0].options.speed", "there is no such key"),
        ({"options": {"metadata": {"split.no": 1}}}, "targets[0].options.metadata.split.no", "'split.no' cannot be"),
        ({"profile": "vllm"}, "targets[0].profile", "backend 'gguf' has no profile 'vllm'"),
        ({"tensors": 3}, "targets[0].tensors", "input should be a valid array"),
    ],
)
def test_keys_that_the_backend_does_not_take(planned, change, place, words):
    planned["targets"][0] |= change
    said = complaint(planned).splitlines()
    assert said[0].startswith(f"error: the plan cannot be used: {words}")
    assert said[1] == f"  --> plan.json, {place}"


def test_two_targets_with_one_output(planned):
    planned["targets"] *= 2
    assert complaint(planned).startswith("error: targets 'gguf' and 'gguf' both write mix.gguf\n")


def test_an_output_out_of_the_folder(planned):
    text = json.dumps(planned).replace('"mix.gguf"', '"../mix.gguf"')
    assert complaint(json.loads(text)) == (
        "error: the output ../mix.gguf would not lie in out\n"
        "why: its path, or a symbolic link on it, leads out of the output folder; a build may only write below\n"
        "fix: name another output, remove the link, or choose another folder with --output"
    )


def test_a_quantized_source_is_decoded_only_with_leave(workplace):
    qrecipe.build("mix.toml", output="first")
    again = (workplace / "mix.toml").read_text().replace("tiny.gguf", "first/mix.gguf").replace('"Q6_K"', '"Q4_0"')
    (workplace / "again.toml").write_text("requantize = true\n" + again)
    document = json.loads(qrecipe.plan_json(qrecipe.plan("again.toml")))
    document["requantize"] = False
    assert complaint(document).startswith("error: tensor blk.0.attn_v.weight: quantized in the source already (Q6_K)\n")


def test_another_checkpoint(planned, workplace):
    (workplace / "other.gguf").write_bytes((workplace / "tiny.gguf").read_bytes().replace(b"tiny", b"tony"))
    said = (
        "error: other.gguf is not the checkpoint that this plan was made for\n"
        "why: its headers (names, shapes, types or metadata) differ, so sizes and decisions may\n"
        "fix: plan again from the recipe, or give the right checkpoint with --source"
    )
    assert complaint(planned, source="other.gguf") == said
    planned["source_digest"] = None
    planned["targets"][0]["tensors"].pop()
    assert f"error: {workplace / 'other.gguf'} is not the checkpoint" in complaint(planned, source="other.gguf")


@pytest.mark.parametrize("through_file", [True, False])
def test_a_plan_from_an_inventory_is_no_plan_of_a_file(workplace, through_file):
    (workplace / "mix.toml").write_text(
        'qrecipe = 1\nname = "mix"\ninventory = "lib:gemma-4-e2b"\n[[rules]]\nmatch = "**"\ntype = "Q8_0"\n'
    )
    plan = qrecipe.plan("mix.toml")
    (workplace / "plan.json").write_text(qrecipe.plan_json(plan))
    with pytest.raises(QrecipeError) as caught:
        qrecipe.build("plan.json" if through_file else plan, source="tiny.gguf", output="out")
    assert str(caught.value) == (
        "error: this plan was made from the inventory lib:gemma-4-e2b; it cannot be built\n"
        "why: an inventory has names and shapes but no metadata, so the files' sizes in the plan are not exact\n"
        "fix: plan again with --source CHECKPOINT, or build the recipe itself with --source"
    )
