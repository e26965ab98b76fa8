"""Files that are no TOML or no recipe: the whole message of each, from tables; and files that cannot be read at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from qrecipe.errors import RecipeError
from qrecipe.recipe.document import MAX_BYTES, parse_document, read_document
from qrecipe.recipe.load import load_recipe_text
from qrecipe.recipe.model import options_faults, written

CASES = Path(__file__).parents[1] / "cases" / "recipe"


def rows(name):
    return [pytest.param(row, id=row["case"]) for row in yaml.safe_load((CASES / name).read_text(encoding="utf-8"))]


def message(function, *arguments):
    with pytest.raises(RecipeError) as caught:
        function(*arguments)
    assert all(diagnostic.fix for diagnostic in caught.value.diagnostics)
    return str(caught.value)


@pytest.mark.parametrize("row", [*rows("model_toml.yaml"), *rows("model.yaml")])
def test_a_faulty_file_says_what_is_wrong(row):
    assert message(lambda: written(parse_document(row["text"], Path(), "f.toml"))) + "\n" == row["error"]


@pytest.mark.parametrize("row", rows("model_toml.yaml"))
def test_line_ends_of_windows_change_nothing(row):
    text = row["text"].replace("\n", "\r\n")
    assert message(lambda: parse_document(text, Path(), "f.toml")) + "\n" == row["error"]


def test_a_whole_recipe_is_taken_as_written():
    text = """
qrecipe = 1
name = "a-1.b_c"
description = "two\\nlines"
extends = ["lib:x", "y.toml"]
source = "m.gguf"
inventory = "lib:i"
imatrix = "m.imatrix"
requantize = true
vars = { a = "Q4_K", b = -4, c = true }
[[rules]]
match = "**"
when = "layer < 3"
type = "Q8_0"
why = "because"
protected = true
optional = true
[[targets]]
name = "t"
backend = "gguf"
profile = "p"
output = "o.gguf"
metadata = { "general.name" = "n" }
"""
    model = written(parse_document(text, Path(), "f.toml"))
    assert model.model_dump() == {
        "qrecipe": 1,
        "name": "a-1.b_c",
        "description": "two\nlines",
        "extends": ["lib:x", "y.toml"],
        "source": "m.gguf",
        "inventory": "lib:i",
        "imatrix": "m.imatrix",
        "requantize": True,
        "vars": {"a": "Q4_K", "b": -4, "c": True},
        "rules": [
            {"match": "**", "when": "layer < 3", "type": "Q8_0", "why": "because", "protected": True, "optional": True}
        ],
        "targets": [
            {"name": "t", "backend": "gguf", "profile": "p", "output": "o.gguf", "metadata": {"general.name": "n"}}
        ],
    }


def test_nesting_without_end():
    assert message(parse_document, "a = " + "[" * 3000, Path(), "f.toml") == (
        "error: arrays or tables are nested too deeply\n"
        "  --> f.toml\n"
        "why: no key of a recipe needs that\n"
        "fix: take out the brackets"
    )


def test_an_integer_of_thousands_of_digits():
    shown = "a = " + "9" * 96 + "…"
    assert message(parse_document, "a = " + "9" * 5000, Path(), "f.toml") == (
        "error: an integer is too long\n"
        "  --> f.toml:1:5\n"
        f"   | {shown}\n"
        "   |     ~~~~~~~~~~~~~~~~~~~^\n"
        "fix: integers have 64 bits"
    )


def test_a_fault_that_tomllib_words_anew_keeps_its_words_and_its_place():
    from qrecipe.recipe.toml_faults import syntax_fault  # noqa: PLC0415 - the only test that words one itself

    assert str(syntax_fault("f.toml", "a = 1\nb = 2", ValueError("Odd thing (at line 2, column 3)"))) == (
        "error: the file is no TOML: Odd thing\n"
        "  --> f.toml:2:3\n"
        "   | b = 2\n"
        "   |   ^\n"
        "fix: mend the file; https://toml.io has the language"
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            b"\xef\xbb\xbfqrecipe = 1\n",
            (
                "error: the file begins with a byte order mark\n"
                "  --> f.toml\n"
                "why: TOML is plain UTF-8, and a byte order mark is no part of it\n"
                'fix: save the file as "UTF-8", not as "UTF-8 with BOM" or "Unicode"'
            ),
        ),
        (
            "qrecipe = 1\nname = 'é'".encode("latin-1"),
            (
                "error: the file is not UTF-8: byte 0xe9 at offset 20\n"
                "  --> f.toml:2:9\n"
                "   | name = '\ufffd'\n"
                "   |         ^\n"
                "why: TOML is UTF-8 and nothing else\n"
                "fix: save the file as UTF-8 in your editor"
            ),
        ),
        (
            b"GGUF\x03\x00\x00\x00",
            (
                "error: this is a GGUF file, not a recipe\n"
                "  --> f.toml\n"
                'fix: name the recipe; a GGUF file is a source: source = "…"'
            ),
        ),
        (
            b"#" * (MAX_BYTES + 1),
            (
                "error: the file is too large for a recipe\n"
                "  --> f.toml\n"
                "why: no recipe is larger than 1 MiB, so this is likely another kind of file\n"
                "fix: name a .toml file"
            ),
        ),
    ],
    ids=["byte order mark", "latin-1", "gguf", "too large"],
)
def test_bytes_that_are_no_recipe(tmp_path, raw, expected):
    path = tmp_path / "f.toml"
    path.write_bytes(raw)
    assert message(read_document, path, "f.toml") == expected


def test_a_folder(tmp_path):
    assert message(read_document, tmp_path, "here") == (
        "error: this is a folder, not a recipe\n  --> here\nfix: name a .toml file in it"
    )


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p")
    assert message(read_document, tmp_path / "p", "p") == (
        "error: this is no regular file\n  --> p\nwhy: a device or a pipe may never end\nfix: name a .toml file"
    )


def test_a_file_that_is_not_there(tmp_path):
    assert message(read_document, tmp_path / "no.toml", "no.toml") == (
        "error: the file cannot be read\n"
        "  --> no.toml\n"
        "why: No such file or directory\n"
        "fix: check its name and permissions"
    )


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    metadata: dict[str, str | int] = {}
    split: int = 0


def test_a_backends_own_model_speaks_the_same_language():
    text = """\
qrecipe = 1
name = "x"
[[targets]]
backend = "gguf"
output = "x.gguf"
splt = 3
metadata = { "general.name" = [1] }
"""
    (target,) = load_recipe_text(text, Path(), file="f.toml").targets
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(dict(target.options))
    told = "\n\n".join(map(str, options_faults(caught.value, target, Options)))
    assert told == (
        "error: unknown key 'splt'\n"
        "  --> f.toml:6:1, targets[0].splt\n"
        "   | splt = 3\n"
        "   | ~~~^\n"
        "why: the keys here are metadata, split\n"
        "fix: did you mean 'split'?\n"
        "\n"
        "error: expected a string or an integer, found an array\n"
        '  --> f.toml:7:31, targets[0].metadata."general.name"\n'
        '   | metadata = { "general.name" = [1] }\n'
        "   |                               ~~^\n"
        "fix: write a string or an integer"
    )
