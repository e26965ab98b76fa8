"""`qrecipe new`: the recipe on stdout, or its path; never over a file."""

import pytest

import qrecipe as api
from tests.cli.running import qrecipe
from tests.conftest import MIX


def test_it_prints_the_recipe(workplace):
    run = qrecipe("new", "tiny.gguf")
    assert run.stdout == api.new_recipe("tiny.gguf")
    assert run.stderr == ""
    assert sorted(path.name for path in workplace.iterdir()) == ["mix.toml", "tiny.gguf"]


def test_it_writes_a_file_that_checks_and_builds(workplace):
    assert qrecipe("new", "tiny.gguf", "-o", "sub/new.toml").stdout == "sub/new.toml\n"
    assert qrecipe("check", "sub/new.toml").stdout == "no findings\n"
    assert qrecipe("build", "sub/new.toml").stdout == "tiny-mix.gguf\n"


def test_it_copies(workplace):
    assert qrecipe("new", "--from", "mix.toml").stdout == MIX


@pytest.mark.parametrize("words", [(), ("tiny.gguf", "--from", "mix.toml")])
def test_it_wants_one_thing_to_begin_with(workplace, words):
    assert (
        "give one of CHECKPOINT, --from RECIPE, --from-grid CHECKPOINT and --plugin NAME"
        in qrecipe("new", *words, code=2).stderr
    )


def test_it_overwrites_nothing(workplace):
    assert qrecipe("new", "tiny.gguf", "-o", "mix.toml", code=1).stderr == (
        "error: mix.toml exists\nwhy: a new recipe takes no file's place\nfix: choose another name with --output\n"
    )
    assert (workplace / "mix.toml").read_text() == MIX
