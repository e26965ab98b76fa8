"""The JSON Schema of a recipe file, for editors: every key with its meaning, kind and default.

Draft 7, which TOML editors know. It says what can be said without reading the strings: patterns, conditions and chains
are strings here. A target's further keys are those of the backends that are handed in; keys for any other backend pass.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import PydanticUserError

from qrecipe.recipe.model import LANGUAGE, RecipeModel, RuleModel, TargetModel

if TYPE_CHECKING:
    from pydantic import BaseModel

    from qrecipe.types.target import Backend

DRAFT = "http://json-schema.org/draft-07/schema#"
_DOCS = "https://github.com/qrecipe/qrecipe/tree/main/docs/reference"
_PAGES = {"match": "patterns", "when": "conditions", "type": "types-in-recipes", "source": "sources"}  # else recipe.md
Schema = dict[str, Any]


def recipe_schema(backends: Iterable[Backend]) -> Schema:
    """Return the schema of a recipe whose targets these backends write."""
    recipe, shared = _of_model(RecipeModel)
    rule, target = shared[RuleModel.__name__], shared[TargetModel.__name__]
    recipe["properties"]["qrecipe"]["const"] = LANGUAGE
    for model in (recipe, rule, target):
        _link(model)
    options: dict[str, Schema] = {}
    described = []
    for backend in backends:
        with suppress(PydanticUserError):  # a plug-in's model that no schema can tell: its keys pass unchecked
            options[backend.name], inner = _of_model(backend.options, f"{backend.name}.")
            shared |= inner
            described.append(backend)
    _allow(target, described, options)
    return {"$schema": DRAFT, "title": "A recipe for qrecipe", **recipe, "$defs": shared}


def _of_model(model: type[BaseModel], prefix: str = "") -> tuple[Schema, dict[str, Schema]]:
    """Return a model's schema, and those that it refers to by name."""
    made = model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    inner = {f"{prefix}{name}": _plain(found) for name, found in made.pop("$defs", {}).items()}
    return _plain(made), inner


def _allow(target: Schema, backends: Sequence[Backend], options: Mapping[str, Schema]) -> None:
    """Let a target have its backend's keys and profiles, and no others; a backend that is not here may have any.

    `else` chains the backends: editors that follow no `allOf` still see the target's own keys.
    """
    common = dict(target["properties"])
    common["backend"] |= {"anyOf": [{"enum": [backend.name for backend in backends]}, {"type": "string"}]}
    rest: Schema = {}
    for backend in reversed(backends):
        keys = options[backend.name].get("properties", {})
        allowed = {**keys, "profile": {"enum": list(backend.profiles)}} if backend.profiles else keys
        names = [name for name in (*common, *keys) if name != "profile" or backend.profiles]
        rest = {
            "if": {"properties": {"backend": {"const": backend.name}}, "required": ["backend"]},
            "then": {"properties": allowed, "propertyNames": {"enum": names}},
            **({"else": rest} if rest else {}),
        }
        target["properties"] = {**keys, **target["properties"]}
    target |= rest


def _link(model: Schema) -> None:
    """Let an editor lead from each key to its page."""
    for name, schema in model.get("properties", {}).items():
        schema["x-taplo"] = {"links": {"key": f"{_DOCS}/{_PAGES.get(name, 'recipe')}.md"}}


def _plain(schema: Any) -> Any:  # noqa: ANN401 - true, false or an object
    """Return a schema without what TOML lacks (null) and what helps nobody (titles, empty defaults)."""
    if not isinstance(schema, dict):
        return schema
    kept = {key: _inside(key, value) for key, value in schema.items() if key != "title"}
    others = [each for each in kept.get("anyOf", ()) if each != {"type": "null"}]
    if len(others) == 1:
        kept = {**others[0], **{key: value for key, value in kept.items() if key != "anyOf"}}
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return {key: value for key, value in kept.items() if key != "default" or value not in (None, "", [], {})}


def _inside(key: str, value: Any) -> Any:  # noqa: ANN401 - any value of a schema's key
    match key:
        case "properties" | "patternProperties":
            return {name: _plain(found) for name, found in value.items()}
        case "items" | "additionalProperties" | "propertyNames":
            return _plain(value)
        case "anyOf" | "allOf" | "oneOf":
            return [_plain(each) for each in value]
        case "examples":
            return [next(iter(tomllib.loads(f"x = {example}").values())) for example in value]
        case _:
            return value
