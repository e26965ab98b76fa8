"""Values written as TOML are read back as they were."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from qrecipe.recipe.toml_text import toml_key, toml_value

TEXT = some.text(some.characters(exclude_categories=["Cs"]), max_size=20)
PLAIN = TEXT | some.booleans() | some.integers(-(2**63), 2**63 - 1) | some.floats(allow_nan=False)
VALUES = some.recursive(PLAIN, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXT, inner, max_size=3))


@given(TEXT, VALUES)
def test_what_is_written_is_read_back(key, value):
    assert tomllib.loads(f"{toml_key(key)} = {toml_value(value)}") == {key: value}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (7, "7"),
        ('a "b"\n\x7f\x1b', r'"a \"b\"\n\u007f\u001b"'),
        ({"a-b": 1, "a b": ["é"]}, '{ a-b = 1, "a b" = ["é"] }'),
    ],
)
def test_text(value, text):
    assert toml_value(value) == text
