"""New recipes: the starter word for word, copies that still find what they refer to, nothing overwritten."""

import os
from pathlib import Path

import pytest

import qrecipe
from qrecipe.recipe.shipped import shipped_recipe
from tests.conftest import MIX, write_model
from tests.sources.safetensors_bytes import one

STARTER = """\
# A recipe to begin with, for tiny.gguf:
# llama, 533,248 weights in 12 tensors.
# All of it is yours to change. With this file as RECIPE,
#   qrecipe plan RECIPE      shows what each tensor becomes, and the size to the byte,
#   qrecipe explain RECIPE blk.0.attn_q.weight      why a tensor has its type,
#   qrecipe types            which types there are,
#   qrecipe build RECIPE     makes the artifact.
# Every key: https://github.com/qrecipe/qrecipe/tree/main/docs/reference/recipe.md
qrecipe = 1                          # version of the language
name = "tiny-mix"                    # ${name} in the output below
source = "tiny.gguf"                 # the checkpoint; a path is relative to this file
# imatrix = "imatrix.gguf"           # an importance matrix made from this model: the same size, less loss

# Chains of types: a tensor gets the first that fits. `--set small=Q8_0` changes one for a single run.
# https://github.com/qrecipe/qrecipe/tree/main/docs/reference/types-in-recipes.md
[vars]
# Q8_0 where Q6_K cannot be: 320 columns are no multiple of 256, its block
large = "Q6_K | Q8_0"
# Q5_0 where Q4_K cannot be: 320 columns are no multiple of 256, its block
small = "Q4_K | Q5_0"

# The first rule that covers a tensor decides. Norms, routers and the like are protected: they stay as they
# are unless a rule says `protected = true`. A rule that no tensor needs is an error.
# Patterns, for match:  https://github.com/qrecipe/qrecipe/tree/main/docs/reference/patterns.md
# Conditions, for when: https://github.com/qrecipe/qrecipe/tree/main/docs/reference/conditions.md
[[rules]]
match = "token_embd"
type  = "${large}"
why   = "the embeddings are the output head too"
[[rules]]
match = "blk.*.attn_v"
type  = "${large}"
why   = "the values of attention: all that it passes on"
[[rules]]
match = "blk.*.ffn_down"
when  = "more_bits(layer, n_layers)"
type  = "${large}"
why   = "the first and last eighth of the layers and every third between, as llama-quantize has it"
[[rules]]
match = "**"
type  = "${small}"
why   = "everything else"

# What is made of it; several targets may share the rules.
[[targets]]
backend = "gguf"
output  = "${name}.gguf"
"""


def test_the_starter(workplace):
    assert qrecipe.new_recipe("tiny.gguf", output="new.toml") == STARTER
    assert (workplace / "new.toml").read_text() == STARTER
    assert qrecipe.check("new.toml") == ()


def test_without_an_output_it_is_only_returned(workplace):
    assert qrecipe.new_recipe("tiny.gguf") == STARTER
    assert sorted(path.name for path in workplace.iterdir()) == ["mix.toml", "tiny.gguf"]


@pytest.mark.parametrize(
    ("given", "output", "source", "name"),
    [
        ("tiny.gguf", "recipes/new.toml", "../tiny.gguf", "tiny-mix"),
        ("./tiny.gguf", "new.toml", "./tiny.gguf", "tiny-mix"),
        (".", "new.toml", ".", "HERE-mix"),
        ("a b/müller (1).gguf", "new.toml", "a b/müller (1).gguf", "m-ller-1-mix"),
        ("a b/müller (1).gguf", "a b/new.toml", "müller (1).gguf", "m-ller-1-mix"),
        ("HERE/tiny.gguf", "new.toml", "HERE/tiny.gguf", "tiny-mix"),
    ],
)
def test_the_source_is_found_from_the_recipe(workplace, given, output, source, name):
    (workplace / "a b").mkdir()
    (workplace / "a b" / "müller (1).gguf").write_bytes((workplace / "tiny.gguf").read_bytes())
    given, source = (text.replace("HERE", str(workplace)) for text in (given, source))
    text = qrecipe.new_recipe(given, output=output)
    assert f'\nsource = "{source}" ' in text
    assert f'\nname = "{name.replace("HERE", workplace.name)}" ' in text
    assert qrecipe.check(output) == ()


def test_a_quantized_source_is_told_to_lose_again(workplace):
    qrecipe.build("mix.toml")
    text = qrecipe.new_recipe("mix.gguf", output="new.toml")
    assert "\nrequantize = true                    # it is quantized already, and loses again:" in text
    assert qrecipe.check("new.toml") == ()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a${x}.gguf", "${x} stands for a variable there"),
        ("a\x1b[31m.gguf", "the name has characters for no text"),
        (os.fsdecode(b"a\xff.gguf"), "the name has characters for no text"),
    ],
)
def test_a_name_that_no_recipe_can_hold(workplace, name, why):
    (workplace / "tiny.gguf").rename(name)
    with pytest.raises(qrecipe.SourceError) as caught:
        qrecipe.new_recipe(name, output="new.toml")
    assert str(caught.value) == (
        f"error: a recipe cannot name the checkpoint {qrecipe.errors.printable(name)}\n"
        f"why: {why}\n"
        "fix: rename the file, or reach it by a link with a plain name"
    )
    assert not Path("new.toml").exists()


def test_a_checkpoint_that_cannot_become_a_gguf(workplace):
    (workplace / "m.safetensors").write_bytes(one())
    with pytest.raises(qrecipe.PlanError) as caught:
        qrecipe.new_recipe("m.safetensors")
    assert [found.code for found in caught.value.diagnostics] == ["unmapped-names"]


def test_a_copy_of_a_shipped_recipe_is_the_same_to_the_letter(workplace):
    assert qrecipe.copy_recipe("quickstart", output="mine.toml") == shipped_recipe("quickstart").read_text()
    assert Path("mine.toml").read_text() == shipped_recipe("quickstart").read_text()


def test_a_copy_in_another_folder_still_plans(workplace):
    assert qrecipe.copy_recipe("mix.toml", output="deep/er/mine.toml") == MIX.replace(
        '"tiny.gguf"', '"../../tiny.gguf"'
    )
    assert qrecipe.check("deep/er/mine.toml") == ()


def test_a_base_is_extended_not_copied(workplace):
    with pytest.raises(qrecipe.BuildError) as caught:
        qrecipe.copy_recipe("lib:llama/q4_k_m")
    assert str(caught.value) == (
        "error: lib:llama/q4_k_m is a base for recipes to build upon, not a recipe\n"
        "why: its rules serve many models, and a recipe's own rules must each be of use\n"
        'fix: make a recipe with `qrecipe new CHECKPOINT`, and write extends = ["lib:llama/q4_k_m"] into it'
    )


def test_a_faulty_recipe_is_not_copied(workplace):
    Path("bad.toml").write_text(MIX.replace("match", "mtach", 1))
    with pytest.raises(qrecipe.RecipeError, match="unknown key 'mtach'"):
        qrecipe.copy_recipe("bad.toml", output="copy.toml")
    assert not Path("copy.toml").exists()


@pytest.mark.parametrize("what", ["a file", "a folder", "a dangling link"])
def test_nothing_is_overwritten(workplace, what):
    taken = Path("taken.toml")
    {"a file": taken.touch, "a folder": taken.mkdir, "a dangling link": lambda: taken.symlink_to("nowhere")}[what]()
    for make in (qrecipe.new_recipe, qrecipe.copy_recipe):
        with pytest.raises(qrecipe.BuildError) as caught:
            make("tiny.gguf" if make is qrecipe.new_recipe else "mix.toml", output="taken.toml")
        assert str(caught.value) == (
            f"error: taken.toml exists{' and is a folder' if what == 'a folder' else ''}\n"
            "why: a new recipe takes no file's place\n"
            "fix: choose another name with --output"
        )
    assert not Path("nowhere").exists()


def test_an_output_that_cannot_be(workplace):
    with pytest.raises(qrecipe.BuildError) as caught:
        qrecipe.new_recipe("tiny.gguf", output="mix.toml/new.toml")
    assert [found.code for found in caught.value.diagnostics] == ["output-unwritable"]
    assert sorted(path.name for path in workplace.iterdir()) == ["mix.toml", "tiny.gguf"]


def test_a_split_is_named_without_its_number(tmp_path, monkeypatch):
    folder = tmp_path / "tiny-00001-of-00002.gguf"
    write_model(folder)
    monkeypatch.chdir(tmp_path)
    assert 'name = "tiny-mix"' in qrecipe.new_recipe(folder.name)
