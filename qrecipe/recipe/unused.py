"""Variables that nothing uses: in the built file an error, because a misspelt one would be of no effect.

A variable is used when a rule, a target or another string of the recipe or of what it extends names it, by itself or
through a variable that is used. Those of other files may lie idle: having no use for some is what bases are for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qrecipe.errors import Diagnostic
from qrecipe.recipe.model import RecipeModel
from qrecipe.recipe.syntax import did_you_mean

if TYPE_CHECKING:
    from qrecipe.recipe.extend import Written
    from qrecipe.recipe.variables import Variables

_NOT_TEXT = ("vars", "extends", "name")


def unused_variables(family: Sequence[Written], variables: Variables) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each variable of the built file that is of no use."""
    child = family[0]
    if child.inherited or not child.model.vars:
        return
    used = {name for recipe in family for text in _texts(recipe) for name in variables.names_in(text)}
    others = sorted({name for recipe in family[1:] for name in recipe.model.vars} | used)
    for name in child.model.vars:
        if name not in used:
            yield Diagnostic(
                "unused-variable",
                f"variable {name!r} is used nowhere",
                child.document.places.key(("vars", name)),
                why=f"no rule, target or used variable has ${{{name}}}, here or in a parent",
                fix=_fix(name, [one for one in others if one != name]),
            )


def _fix(name: str, others: Sequence[str]) -> str:
    if name in RecipeModel.model_fields:  # TOML takes every line below [vars] as its own
        return f"{name!r} is a key of the whole file: write it above [vars]"
    return did_you_mean(name, others, otherwise="take it out")


def _texts(recipe: Written) -> Iterator[str]:
    """Yield every string of a file in which a variable may stand, outside [vars]."""
    for key, value in recipe.document.data.items():
        if key not in _NOT_TEXT:
            yield from _strings(value)


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401 - any value of TOML
    if isinstance(value, str):
        if "${" in value:
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
