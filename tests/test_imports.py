"""What must not load: a static import graph cannot tell a deferred import from an eager one, so it is run."""

import subprocess
import sys

import pytest

import qrecipe

HEAVY = (
    "numpy",
    "numba",
    "torch",
    "textual",
    "ray",
    "transformers",
    "matplotlib",
    "lark",
    "pydantic",
    "pluggy",
    "gguf",
    "huggingface_hub",
    "fsspec",
)


def loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*sorted(m for m in sys.modules if '.' not in m), file=sys.__stdout__)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def command(*words: str) -> str:
    return (
        "import sys, contextlib, io\n"
        f"sys.argv = ['qrecipe', *{words!r}]\n"
        "from qrecipe.cli.main import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    main()"
    )


def test_importing_the_package_loads_nothing():
    assert loaded_after("import qrecipe").isdisjoint((*HEAVY, "typer", "rich"))


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("build", "--help"), ("eval", "--help")], ids=" ".join)
def test_the_command_line_starts_without_the_tool(words):
    loaded = loaded_after(command(*words))
    assert loaded.isdisjoint(set(HEAVY) - {"pydantic"})  # typer itself loads pydantic to show a command's help
    assert words[0] in ("build", "eval") or "pydantic" not in loaded


def test_planning_loads_no_codec(tmp_path):
    recipe = tmp_path / "plan.toml"
    recipe.write_text(
        'qrecipe = 1\nname = "p"\ninventory = "lib:gemma-4-e2b"\nrules = [{ match = "**", type = "Q8_0" }]\n'
    )
    loaded = loaded_after(command("plan", str(recipe)))
    assert "lark" in loaded
    assert loaded.isdisjoint({"numpy", "numba", "torch", "textual", "ray", "libggml"})


def test_the_public_names_are_all_there():
    assert {name for name in qrecipe.__all__ if getattr(qrecipe, name) is None} == set()
    assert dir(qrecipe) == qrecipe.__all__
    with pytest.raises(AttributeError, match="module 'qrecipe' has no attribute 'bulid'"):
        _ = qrecipe.bulid
