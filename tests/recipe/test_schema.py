"""The schema for editors: it takes what the tool takes, names every key, and refuses what it can tell to be wrong."""

import tomllib
from collections.abc import Callable
from types import SimpleNamespace

import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict, Field

from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.recipe.model import RecipeModel, RuleModel, TargetModel
from qrecipe.recipe.schema import recipe_schema
from qrecipe.recipe.shipped import lib, shipped_bases, shipped_recipe, shipped_recipes

SCHEMA = recipe_schema([GgufBackend()])
HEAD = 'qrecipe = 1\nname = "x"\n'


def complaints(text: str, schema=SCHEMA) -> list[tuple[str, str]]:
    errors = jsonschema.Draft7Validator(schema).iter_errors(tomllib.loads(text))
    return sorted((error.json_path, error.message) for error in errors)


def test_it_is_a_schema():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_every_key_is_described():
    rule, target = SCHEMA["$defs"]["RuleModel"], SCHEMA["$defs"]["TargetModel"]
    for model, schema in ((RecipeModel, SCHEMA), (RuleModel, rule), (TargetModel, target)):
        assert set(model.model_fields) <= set(schema["properties"])
        for name, field in schema["properties"].items():
            assert field["description"], name
            assert "null" not in str(field.get("type")), "TOML has none"


@pytest.mark.parametrize("file", [*map(shipped_recipe, shipped_recipes()), *map(lib, shipped_bases())], ids=str)
def test_shipped_recipes_pass(file):
    assert complaints(file.read_text()) == []


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('name = "x"', "$", "'qrecipe' is a required property"),
        ('qrecipe = 2\nname = "x"', "$.qrecipe", "1 was expected"),
        (HEAD + 'suorce = "a"', "$", "Additional properties are not allowed ('suorce' was unexpected)"),
        ('qrecipe = 1\nname = "a b"', "$.name", "'a b' does not match '^[A-Za-z0-9._-]+$'"),
        (HEAD + "vars = { Big = 1 }", "$.vars", "'Big' does not match any of the regexes: '^[a-z_][a-z0-9_]*$'"),
        (HEAD + "vars = { a = 1.5 }", "$.vars.a", "1.5 is not valid under any of the given schemas"),
        (HEAD + 'rules = [{ match = "**" }]', "$.rules[0]", "'type' is a required property"),
        (
            HEAD + 'rules = [{ match = "**", type = "F16", tpye = "F16" }]',
            "$.rules[0]",
            "Additional properties are not allowed ('tpye' was unexpected)",
        ),
        (
            HEAD + 'targets = [{ backend = "gguf", output = "a.gguf", metdata = {} }]',
            "$.targets[0]",
            "'metdata' is not one of ['name', 'backend', 'output', 'metadata', 'pre']",
        ),
        (
            HEAD + 'targets = [{ backend = "gguf", output = "a.gguf", metadata.general.name = "x" }]',
            "$.targets[0].metadata.general",
            "{'name': 'x'} is not of type 'string', 'number', 'boolean'",
        ),
        (
            HEAD + 'targets = [{ backend = "gguf", output = "a.gguf", profile = "vllm" }]',
            "$.targets[0]",
            "'profile' is not one of ['name', 'backend', 'output', 'metadata', 'pre']",
        ),
    ],
)
def test_what_is_wrong_is_marked(text, where, what):
    assert set(complaints(text)) == {(where, what)}


def test_a_backend_that_is_not_installed_may_have_any_key():
    assert complaints(HEAD + 'targets = [{ backend = "other", output = "a/", profile = "p", anything = [1] }]') == []


class Inner(BaseModel):
    size: int


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field("", description="What is shown")
    inner: Inner | None = None


class Untellable(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    call: Callable[[int], int]


PLUGIN = SimpleNamespace(name="other", options=Options, profiles=("fast", "small"))
STRANGE = SimpleNamespace(name="strange", options=Untellable, profiles=())


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('backend = "other", profile = "fast", title = "t", inner = { size = 1 }', []),
        ('backend = "other", profile = "slow"', [("$.targets[0].profile", "'slow' is not one of ['fast', 'small']")]),
        ('backend = "other", inner = { size = "x" }', [("$.targets[0].inner.size", "'x' is not of type 'integer'")]),
        (
            'backend = "other", metadata = {}',
            [
                (
                    "$.targets[0]",
                    "'metadata' is not one of ['name', 'backend', 'profile', 'output', 'title', 'inner']",
                )
            ],
        ),
        ('backend = "gguf", metadata = { a = 1 }', []),
        ('backend = "strange", call = 1', []),
    ],
)
def test_each_backend_has_its_own_keys(keys, expected):
    schema = recipe_schema([GgufBackend(), STRANGE, PLUGIN])
    jsonschema.Draft7Validator.check_schema(schema)
    found = complaints(HEAD + f'targets = [{{ output = "x", {keys} }}]', schema)
    assert sorted(set(found)) == expected
