"""Builds of a part: what they hold is what the whole has, byte for byte, and they say that they are no whole."""

import json

import gguf
import pytest

import qrecipe
from qrecipe.errors import BuildError, RecipeError
from tests.cli.running import qrecipe as command

TWO = """
[[targets]]
name = "a"
backend = "gguf"
output = "a.gguf"
[[targets]]
name = "b"
backend = "gguf"
output = "deep/b"
"""
ABSENT = """
[[targets]]
backend = "gguf"
output = "${name}.gguf"
[[targets]]
backend = "compressed-tensors"
profile = "vllm"
output = "${name}-w4a16/"
"""


def tensors(path):
    return {tensor.name: (tensor.tensor_type, bytes(tensor.data)) for tensor in gguf.GGUFReader(path).tensors}


def patterns_in(path):
    field = gguf.GGUFReader(path).fields.get("qrecipe.only")
    return None if field is None else field.contents()


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (["blk.{0,1}.ffn_*"], ["blk.0.ffn_down", "blk.0.ffn_up", "blk.1.ffn_down", "blk.1.ffn_up"]),
        (["token_embd", "**_norm"], ["output_norm", "token_embd", "blk.0.attn_norm", "blk.1.attn_norm"]),
        (["re:blk\\.1\\.attn_q", "blk.1.attn_*"], ["blk.1.attn_norm", "blk.1.attn_q", "blk.1.attn_v"]),
    ],
)
def test_a_part_has_the_tensors_of_the_whole(workplace, only, names):
    qrecipe.build("mix.toml")
    built = qrecipe.build("mix.toml", only=only).built[0]
    assert [path.name for path in built.paths] == ["mix-only.gguf"]
    whole, part = tensors("mix.gguf"), tensors("mix-only.gguf")
    assert list(part) == [f"{name}.weight" for name in names]
    assert part == {name: whole[name] for name in part}
    assert patterns_in("mix-only.gguf") == only
    assert patterns_in("mix.gguf") is None


@pytest.mark.parametrize("lock", [True, False])
def test_its_size_is_known_before(workplace, lock):
    planned = qrecipe.rehearse("mix.toml", only=["blk.0.**"], lock=lock).built[0].target
    assert planned.files[0].path == "mix-only.gguf"
    assert [decision.tensor.layer for decision in planned.decisions] == [0] * 5
    (path,) = qrecipe.build("mix.toml", only=["blk.0.**"], lock=lock).built[0].paths
    assert path.stat().st_size == planned.file_bytes
    assert patterns_in(path) == ["blk.0.**"]


def test_its_lock_is_its_own(workplace):
    qrecipe.build("mix.toml")
    qrecipe.build("mix.toml", only=["blk.0.**"])
    assert qrecipe.verify("mix-only.gguf").sound
    assert qrecipe.verify("mix-only.gguf", source="tiny.gguf").differences == ()
    whole, part = qrecipe.read_lock("mix.gguf"), qrecipe.read_lock("mix-only.gguf")
    assert whole is not None
    assert part is not None
    assert (part.only, whole.only) == (("blk.0.**",), ())
    assert {t.name: t for t in part.tensors}.items() <= {t.name: t for t in whole.tensors}.items()
    assert part.lock.recipe == whole.lock.recipe
    assert part.lock.plan_digest != whole.lock.plan_digest


def test_patterns_that_were_changed_are_found(workplace):
    qrecipe.build("mix.toml", only=["blk.0.**"])
    path = workplace / "mix-only.gguf"
    path.write_bytes(path.read_bytes().replace(b"blk.0.**", b"blk.9.**"))
    assert [found.code for found in qrecipe.verify(path).differences] == ["verify-header"]


def test_a_part_without_a_lock_has_none(workplace):
    qrecipe.build("mix.toml", only=["blk.0.**"], lock=False)
    assert qrecipe.read_lock("mix-only.gguf") is None
    assert qrecipe.verify("mix-only.gguf").sound


def test_a_plan_can_be_built_in_part(workplace):
    plan = qrecipe.plan("mix.toml")
    (workplace / "plan.json").write_text(qrecipe.plan_json(plan))
    (first,) = qrecipe.build(plan, only=["blk.0.ffn_up"], output="one").built[0].paths
    (second,) = qrecipe.build("plan.json", only=["blk.0.ffn_up"], output="two").built[0].paths
    assert list(tensors(first)) == ["blk.0.ffn_up.weight"]
    assert first.read_bytes() == second.read_bytes()


def test_a_part_of_a_part_of_the_targets(workplace):
    with (workplace / "mix.toml").open("a") as recipe:
        recipe.write(TWO)
    built = qrecipe.build("mix.toml", targets=["b"]).built
    assert [str(path) for one in built for path in one.paths] == ["deep/b"]
    built = qrecipe.build("mix.toml", targets=["b", "a"], only=["token_embd"]).built
    assert [str(path) for one in built for path in one.paths] == ["a-only.gguf", "deep/b-only"]


@pytest.mark.parametrize(
    ("only", "code"),
    [
        (["blk.9.**"], "only-matches-nothing"),
        (["hf:transformer.**"], "only-matches-nothing"),
        (["token_embd", "tokenembd"], "only-matches-nothing"),
    ],
)
def test_a_pattern_of_no_use_is_an_error(workplace, only, code):
    with pytest.raises(BuildError) as caught:
        qrecipe.build("mix.toml", only=only)
    assert [found.code for found in caught.value.diagnostics] == [code]
    assert not (workplace / "mix-only.gguf").exists()


def test_a_pattern_that_does_not_parse_is_shown(workplace):
    with pytest.raises(RecipeError) as caught:
        qrecipe.build("mix.toml", only=["blk.{"])
    assert str(caught.value.diagnostics[0].where) == "--only"


def test_the_command_says_that_it_is_a_part(workplace):
    run = command("build", "mix.toml", "--only", "blk.0.ffn_*", "--only", "token_embd")
    said = "a part: 3 of 12 tensors, those of blk.0.ffn_*, token_embd; this is no model"
    assert run.stderr.count(said) == 2
    assert run.stdout == "mix-only.gguf\n"
    told = json.loads(command("build", "mix.toml", "--only", "token_embd", "--force", "--json").stdout)["targets"][0]
    assert told["only"] == ["token_embd"]
    assert "1 tensor of token_embd only" in command("verify", "mix-only.gguf").stdout
    assert "only            token_embd" in command("inspect", "--lock", "mix-only.gguf").stdout
    assert json.loads(command("build", "mix.toml", "--json").stdout)["targets"][0]["only"] == []


def test_a_target_whose_plugin_is_missing_need_not_be_built(workplace):
    with (workplace / "mix.toml").open("a") as recipe:
        recipe.write(ABSENT)
    assert "is left out" in command("build", "mix.toml", code=1).stderr
    assert "is left out" not in command("build", "mix.toml", "--target", "gguf", "--force").stderr
    said = command("build", "mix.toml", "--target", "compressed-tensors", "--force", code=1).stderr
    assert said.startswith("error: target 'compressed-tensors' is left out: backend 'compressed-tensors' is not")
    assert "fix: pip install qrecipe-compressed-tensors" in said
