"""ARCHITECTURE.md names what there is, and every layer."""

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
SHIPPED = {"qrecipe/shipped/"}  # in the wheel: the folder recipes/
WORDS = sorted(set(re.findall(r"`([^`\n]+)`", TEXT)))
FILES = [word for word in WORDS if re.fullmatch(r"[\w/-]+(\.py|/)|[\w/-]+/[\w.-]+|\w+\.(py|toml|md)", word)]
NAMES = [word for word in WORDS if re.fullmatch(r"[a-z]+(\.[a-z_]+)*\.\w+", word) and word not in FILES]


@pytest.mark.parametrize("name", FILES)
def test_files_are_there(name):
    assert any((folder / name).exists() for folder in (ROOT / "qrecipe", ROOT, ROOT / "tests")) or name in SHIPPED


@pytest.mark.parametrize("name", NAMES)
def test_names_are_there(name):
    module, _, attribute = name.rpartition(".")
    assert hasattr(import_module(f"qrecipe.{module}"), attribute)


def test_enough_of_it_is_looked_at():
    assert len(FILES) > 40
    assert len(NAMES) > 3


def test_the_layers_are_those_of_the_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (line,) = re.findall(r"^cli\b.* → .*$", TEXT, re.MULTILINE)
    assert line.split(" → ") == contracts["contracts"][0]["layers"]
    rows = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted(part for layer in line.split(" → ") for part in layer.split(" | "))


def test_it_stays_a_map():
    assert TEXT.count("\n") <= 150
