"""Whatever stands in a recipe file, loading it gives a recipe or faults that can be told, and raises nothing else."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.codecs.builtin import FITS, FORMATS
from qrecipe.errors import RecipeError, printable
from qrecipe.recipe.chain import bind_chain
from qrecipe.recipe.functions import BUILTINS
from qrecipe.recipe.load import load_recipe, load_recipe_text

TEXTS = [
    path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[1] / "data" / "recipes").glob("*"))
]
PIECES = [
    *"\"'[]{}()=,.|#\\$\n\t \x00\r",
    '"""',
    "'''",
    "${",
    "}",
    "[[",
    "]]",
    "rules",
    "vars",
    "é",
    "\ufeff",
    "\ud7ff",
    "9" * 30,
]
FUNCTIONS = {made.__name__: made for made in BUILTINS}
BY_NAME = {made.name: made for made in FORMATS}, {made.name: made for made in FITS}


@st.composite
def broken(draw):
    """Take a good recipe and put in, take out or double a few pieces of it."""
    text = draw(st.sampled_from(TEXTS))
    chance = draw(st.randoms(use_true_random=False))
    for _ in range(draw(st.integers(1, 3))):
        at, length = chance.randrange(len(text) + 1), chance.randrange(4)
        piece = chance.choice([*PIECES, "", text[at : at + 2 * length]])
        text = text[:at] + piece + text[at + length :]
    return text


def told(diagnostic):
    where = diagnostic.where
    assert diagnostic.fix
    assert str(diagnostic).startswith(f"error: {printable(diagnostic.what)}\n")
    if where is not None and where.span is not None:
        assert 0 <= where.span.start <= where.span.end <= len(where.text) + 1
    return where


def stands_where_it_says(diagnostic, text):
    """A line and a column, where there are any, are those of what is shown."""
    where = told(diagnostic)
    if where is None or where.file != "f.toml" or None in (where.line, where.column, where.span):
        return
    line = text.replace("\r\n", "\n").split("\n")[where.line - 1]
    assert where.column <= len(line) + 1
    if where.verbatim:
        shown = where.text[where.span.start : where.span.end]
        assert line[where.column - 1 :].startswith(shown)
    elif where.text == line:
        assert where.column == where.span.start + 1


def read_all(text):
    recipe = load_recipe_text(text, Path("nowhere"), file="f.toml")
    for target in recipe.targets:
        for rule in recipe.rules_for(target.name, FUNCTIONS, {"target": ["gguf", "lab", "serve"]}):
            bind_chain(rule.chain, *BY_NAME)


@settings(max_examples=200, deadline=None)
@given(broken())
def test_a_broken_recipe_is_a_recipe_or_has_faults_with_places(text):
    try:
        read_all(text)
    except RecipeError as error:
        for diagnostic in error.diagnostics:
            stands_where_it_says(diagnostic, text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_recipe_or_have_faults(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("any") / "f.toml"
    path.write_bytes(raw)
    try:
        load_recipe(path)
    except RecipeError as error:
        for diagnostic in error.diagnostics:
            told(diagnostic)
