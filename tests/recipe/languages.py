"""What the tests of the small languages share: case tables, the reference pages, places and variables."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from qrecipe.errors import Location, QrecipeError
from qrecipe.recipe.functions import BUILTINS
from qrecipe.recipe.variables import Variable, Variables

CASES = Path(__file__).parents[1] / "cases" / "recipe"
PAGES = Path(__file__).parents[2] / "docs" / "reference"
FUNCTIONS = {made.__name__: made for made in BUILTINS}
CLOSED = {"dtype": ["F32", "F16", "BF16", "Q4_K"], "backend": ["gguf", "torchao"], "target": ["gguf", "lab"]}


def cases(file):
    rows = yaml.safe_load((CASES / file).read_text(encoding="utf-8"))
    return [pytest.param(row, id=row["name"]) for row in rows]


def place(text, key):
    """Return the place of a TOML string that stands in line 1, as `key = "…"`."""
    return Location("mine.toml", key, 1, len(key) + len(' = "') + 1, text, verbatim=True)


def variables_of(case):
    """Return the variables of a case, as if each stood in line 9 of the file."""
    return Variables(
        {
            name: Variable(name, value, Location("mine.toml", f"vars.{name}", 9, 5, str(value), verbatim=True))
            for name, value in case.get("vars", {}).items()
        }
    )


def message_of(call):
    """Return the whole message of the error that a call ends in, lines without blanks at the end, as tables have it."""
    with pytest.raises(QrecipeError) as raised:
        call()
    return "\n".join(line.rstrip() for line in str(raised.value).split("\n"))


def page_table(page, *heading, plain=False):
    """Return the rows of a page's table; cells of code become lists of their pieces unless `plain`."""
    lines = (PAGES / page).read_text(encoding="utf-8").splitlines()
    start = lines.index(f"| {' | '.join(heading)} |") + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        rows.append(tuple(cell if plain else _code(cell) for cell in cells))
    assert rows
    return rows


def page_errors(page, key):
    """Return (value, message) of every TOML block that a block of text follows."""
    text = (PAGES / page).read_text(encoding="utf-8")
    found = re.findall(r"```toml\n(.*?)\n```\n```text\n(.*?)\n```", text, re.DOTALL)
    assert found
    return [(tomllib.loads(toml)[key], message) for toml, message in found]


def facts_of(text):
    """Read `layer = 3, tied = true, gqa unknown` into facts."""
    facts = {}
    for fact in text.split(", "):
        name, _, value = fact.partition(" = ")
        facts[name.removesuffix(" unknown")] = tomllib.loads(f"x = {value}")["x"] if value else None
    return facts


def _code(cell):
    pieces = re.findall(r"`([^`]+)`", cell.replace(r"\|", "|"))
    return pieces if "`" in cell or not cell else cell
