"""A merged recipe as the text of one file: parents, settings and variables included, comments left out.

The text means what the recipe means, for the same source, and rendering what it means gives the same text again. Rules
that came by `extends` may go unused, so they are marked `optional`. References to local files keep their names alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from qrecipe.recipe.reference import own_name, without_folder
from qrecipe.recipe.toml_text import toml_key, toml_value

if TYPE_CHECKING:
    from qrecipe.recipe.model import RuleModel
    from qrecipe.recipe.recipe import Recipe


def rendered(recipe: Recipe, *, source: str | None) -> str:
    """Return the recipe as TOML; `source` is the checkpoint's own name, or None to keep the recipe's."""
    return "\n".join(_lines(recipe, source)) + "\n"


def _lines(recipe: Recipe, source: str | None) -> Iterator[str]:
    yield "qrecipe = 1"
    yield f"name = {toml_value(recipe.name)}"
    if recipe.description:
        yield f"description = {toml_value(recipe.description)}"
    references = {"source": source or recipe.source, "imatrix": recipe.imatrix}
    for key, reference in references.items():
        if reference is not None:
            named = own_name if key == "source" else without_folder
            yield f"{key} = {toml_value(named(reference))}"
    if recipe.requantize:
        yield "requantize = true"
    yield from _variables(recipe)
    for written in recipe.family:
        for rule in written.model.rules:
            yield from _rule(rule, optional=rule.optional or written.inherited)
    yield from _targets(recipe)


def _variables(recipe: Recipe) -> Iterator[str]:
    """Yield the variables that anything uses; one that nothing uses would be an error in a file of its own."""
    texts = [text for written in recipe.family for rule in written.model.rules for text in _texts(rule)]
    texts += [text for target in _target_tables(recipe) for text in _strings(target)]
    used = {name for text in texts for name in recipe.variables.names_in(text)} - {"name", "target"}
    used &= recipe.variables.values.keys()  # the rest is unknown, which whoever parses the rules tells
    if used:
        yield "\n[vars]"
        yield from (f"{name} = {toml_value(recipe.variables.values[name].value)}" for name in sorted(used))


def _texts(rule: RuleModel) -> Iterator[str]:
    yield from (text for text in (rule.match, rule.when, rule.type, rule.why) if text)


def _rule(rule: RuleModel, *, optional: bool) -> Iterator[str]:
    yield "\n[[rules]]"
    yield f"match = {toml_value(rule.match)}"
    if rule.when is not None:
        yield f"when = {toml_value(rule.when)}"
    yield f"type = {toml_value(rule.type)}"
    if rule.why:
        yield f"why = {toml_value(rule.why)}"
    flags = {"protected": rule.protected, "optional": optional}
    yield from (f"{name} = true" for name, on in flags.items() if on)


def _targets(recipe: Recipe) -> Iterator[str]:
    for table in _target_tables(recipe):
        yield "\n[[targets]]"
        yield from (f"{toml_key(key)} = {toml_value(value)}" for key, value in table.items())


def _target_tables(recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Yield the targets with everything filled in; the default target is written out."""
    for target in recipe.targets:
        table: dict[str, Any] = {"name": target.name, "backend": target.backend, "output": target.output}
        if target.profile is not None:
            table["profile"] = target.profile
        yield table | dict(target.options)


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401 - any value of TOML
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
