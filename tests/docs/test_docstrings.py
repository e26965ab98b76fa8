"""Public docstrings are whole, and the examples in all docstrings are true."""

import ast
import doctest
from importlib import import_module
from pathlib import Path

import pytest

import qrecipe
from tests.docs.docstring import parse
from tests.docs.python_pages import ALIASES, PROTOCOLS, described, nouns, public
from tests.docs.source_text import definitions, fields_of, mentioned, told

PACKAGE = Path(qrecipe.__file__).parent
EXAMPLES = sorted(
    ".".join(("qrecipe", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in PACKAGE.rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)
ELSEWHERE = {  # names in public annotations that other libraries describe
    *("Callable", "Iterable", "Mapping", "Sequence", "Literal", "Path", "Self", "BaseModel", "frozenset", "memoryview"),
    *("bool", "bytes", "dict", "float", "int", "object", "str", "tuple", "type"),
}
PUBLIC = public() | nouns()
PROTOCOL_NODES = {name: definitions(module)[name] for name, module in PROTOCOLS.values() if name is not None}


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_say_what_happens(module):
    result = doctest.testmod(import_module(module))
    assert result.attempted
    assert result.failed == 0


def test_there_are_examples():
    assert {"qrecipe.errors", "qrecipe.types.tensor", "qrecipe.types.piece", "qrecipe.recipe.pattern"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", [name for name, node in PUBLIC.items() if isinstance(node, ast.ClassDef)])
def test_every_field_is_told(name):
    node = PUBLIC[name]
    text = ast.get_docstring(node) or ""
    attributes = [each for each, _ in told(node).sections.get("Attributes", ())]
    fields = [ast.unparse(field).partition(":")[0] for field in fields_of(node)]
    if attributes:
        assert attributes == fields
    elif any(isinstance(field, ast.AnnAssign) for field in fields_of(node)):
        assert [field for field in fields if f"`{field}`" not in text] == []


@pytest.mark.parametrize("name", [name for name, node in PUBLIC.items() if isinstance(node, ast.FunctionDef)])
def test_every_argument_is_told(name):
    node = PUBLIC[name]
    arguments = [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
    explained = [each for each, _ in told(node).sections.get("Args", ())]
    alone = len(arguments) == 1 and not explained  # told by the first line
    assert alone or explained == arguments


@pytest.mark.parametrize("name", [*PUBLIC, *PROTOCOL_NODES])
def test_every_name_in_an_annotation_has_a_place_on_the_pages(name):
    node = (PUBLIC | PROTOCOL_NODES)[name]
    assert sorted(set(mentioned(node)) - set(described()) - ELSEWHERE) == []


def test_no_two_sections_share_an_anchor():
    assert len(set(described().values())) == len(described())
    assert set(ALIASES) == {"api.md", "hooks.md"}


def test_docstrings_are_taken_apart():
    text = """What it does.

    More of it.

    Args:
        a: One,
            of two lines.
        b: Two: with a colon.

    Returns:
        Three,
        on two lines.

    Raises:
        QrecipeError: Four.

    >>> 1 + 1
    2
    """
    found = parse(text.replace("\n    ", "\n"))
    assert found.prose == "What it does.\n\nMore of it."
    assert found.sections == {
        "Args": [("a", "One, of two lines."), ("b", "Two: with a colon.")],
        "Returns": [("", "Three, on two lines.")],
        "Raises": [("QrecipeError", "Four.")],
    }
    assert found.examples == "```pycon\n>>> 1 + 1\n2\n```"
    assert found.lines() == [
        "`a`: One, of two lines.",
        "`b`: Two: with a colon.",
        "Returns: Three, on two lines.",
        "Raises `QrecipeError`: Four.",
    ]
