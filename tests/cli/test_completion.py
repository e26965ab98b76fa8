"""Shells complete commands, options, shipped recipes and files; and they do not wait for the tool to load."""

import os

import pytest

from qrecipe.recipe.shipped import shipped_recipes
from tests.cli.running import qrecipe
from tests.test_imports import HEAVY, command, loaded_after

SHIPPED = shipped_recipes()


def complete(line: str, shell: str = "bash") -> list[str]:
    words = line.split(" ")
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    return qrecipe(env=os.environ | {"_QRECIPE_COMPLETE": f"complete_{shell}"} | asked).stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("qrecipe pl", ["plan", "plugins"]),
        ("qrecipe plan --js", ["--json"]),
        ("qrecipe plan ", [*SHIPPED, "mix.toml"]),
        ("qrecipe plan qu", ["quickstart"]),
        ("qrecipe plan sub/", ["sub/deep.toml"]),
        ("qrecipe plan sub/x", []),
        ("qrecipe plan nowhere/", []),
        ("qrecipe plan .h", [".hidden.toml"]),
        ("qrecipe build m", ["mix.toml", "mine.json"]),
        ("qrecipe new --from m", ["mix.toml"]),
        ("qrecipe inspect t", []),
    ],
)
def test_what_is_offered(workplace, line, expected):
    (workplace / "sub").mkdir()
    for name in ("sub/deep.toml", "mine.json", ".hidden.toml"):
        (workplace / name).touch()
    assert complete(line) == expected


@pytest.mark.parametrize(("shell", "said"), [("zsh", '"quickstart"'), ("fish", "quickstart")])
def test_other_shells(workplace, shell, said):
    assert any(said in word for word in complete("qrecipe plan q", shell))


NO_GUESSING = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # which shell started the tests


def test_the_script_is_shown():
    said = qrecipe("--show-completion", "bash", env=os.environ | NO_GUESSING).stdout
    assert "complete -o default -F _qrecipe_completion qrecipe" in said


def test_it_is_installed_for_a_shell(tmp_path):
    run = qrecipe("--install-completion", "bash", env=os.environ | NO_GUESSING | {"HOME": str(tmp_path)})
    assert "bash completion installed in" in run.stdout
    assert [path.name for path in tmp_path.rglob("qrecipe.sh")] == ["qrecipe.sh"]


def test_completing_loads_next_to_nothing():
    asked = {"_QRECIPE_COMPLETE": "complete_bash", "COMP_WORDS": "qrecipe plan q", "COMP_CWORD": "2"}
    loaded = loaded_after(f"import os\nos.environ.update({asked!r})\n{command()}")
    assert "qrecipe" in loaded
    assert loaded.isdisjoint(set(HEAVY) - {"pydantic"})  # typer itself loads pydantic
