"""Variables of a family: the earliest file that has one wins, and `--set` may override it.

A setting keeps the kind of the variable that it overrides: words from a command line become integers and booleans where
the recipe has those. What is not there cannot be set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location, RecipeError
from qrecipe.recipe.model import GIVEN_VARIABLES
from qrecipe.recipe.syntax import did_you_mean
from qrecipe.recipe.variables import Variable, Variables

if TYPE_CHECKING:
    from qrecipe.recipe.extend import Written

Setting = str | int | bool
_INTEGER = re.compile(r"-?[0-9]{1,18}")


def variables_of(family: Sequence[Written], settings: Mapping[str, Setting]) -> Variables:
    """Return the merged variables, `name` among them; RecipeError with every setting that cannot be."""
    values: dict[str, Variable] = {}
    for recipe in family:
        for name, value in recipe.model.vars.items():
            values.setdefault(name, Variable(name, value, _place(recipe, name, value)))
    errors: list[Diagnostic] = []
    for name, setting in settings.items():
        try:
            values[name] = _overridden(values, name, setting)
        except RecipeError as error:
            errors += error.diagnostics
    if errors:
        raise RecipeError(*errors)
    child = family[0]
    where = child.document.places.string(("name",), child.model.name)
    return Variables(values | {"name": Variable("name", child.model.name, where)})


def _place(recipe: Written, name: str, value: Setting) -> Location:
    places = recipe.document.places
    return places.string(("vars", name), value) if isinstance(value, str) else places.value(("vars", name))


def _overridden(values: Mapping[str, Variable], name: str, setting: Setting) -> Variable:
    text = str(setting).lower() if isinstance(setting, bool) else str(setting)
    where = Location(key_path=f"--set {name}={text}", text=text)
    if (variable := values.get(name)) is None:
        raise RecipeError(_unknown(values, name, where))
    return Variable(name, _typed(variable, text, where), where)


def _typed(variable: Variable, text: str, where: Location) -> Setting:
    """Return the words of a setting as the kind of value that the variable has."""
    if isinstance(variable.value, bool):
        if text.lower() not in ("true", "false"):
            raise RecipeError(_wrong_kind(variable, text, "true or false", where))
        return text.lower() == "true"
    if isinstance(variable.value, int):
        if _INTEGER.fullmatch(text.strip()) is None:
            raise RecipeError(_wrong_kind(variable, text, "an integer", where))
        return int(text)
    return text


def _unknown(values: Mapping[str, Variable], name: str, where: Location) -> Diagnostic:
    if name in GIVEN_VARIABLES:
        why = f"${{{name}}} follows from the recipe: its {'name' if name == 'name' else 'targets'}"
        return Diagnostic("unknown-setting", f"{name!r} cannot be set", where, why, "edit the recipe")
    return Diagnostic(
        "unknown-setting",
        f"no variable {name!r} to set",
        where,
        why=f"the recipe and its parents have {', '.join(sorted(values)) or 'no variables'}",
        fix=did_you_mean(name, values, otherwise="set one of them, or add it to [vars] and use it"),
    )


def _wrong_kind(variable: Variable, text: str, kind: str, where: Location) -> Diagnostic:
    return Diagnostic(
        "setting-kind",
        f"{variable.name!r} is {kind}, and {text!r} is none",
        where,
        why=f"the recipe has {variable.name} = {variable.text}",
        fix=f"set it to {kind}, {variable.text} for example",
    )
