"""Further faults of a file that the model refuses: its patterns and chains are looked at all the same.

So one misspelt key does not hide the faults behind it. Only what needs neither parents nor plug-ins is judged; what is
no string has been told already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location, RecipeError
from qrecipe.recipe.chain import parse_chain
from qrecipe.recipe.model import MAX_RULES, MAX_VARIABLES, RecipeModel, written
from qrecipe.recipe.pattern import parse_pattern
from qrecipe.recipe.variables import Variable, Variables

if TYPE_CHECKING:
    from qrecipe.recipe.document import Document

_TOLD = 50  # faults of rules, beside those of the file
_PARSERS: tuple[tuple[str, Callable[[str, Location, Variables], object]], ...] = (
    ("match", parse_pattern),
    ("type", parse_chain),
)


def checked(document: Document) -> RecipeModel:
    """Return the model of a file; RecipeError with everything that can be told to be wrong with it."""
    try:
        return written(document)
    except RecipeError as error:
        found = islice(_faults(document), _TOLD)
        raise RecipeError(*dict.fromkeys((*error.diagnostics, *found))) from None


def _faults(document: Document) -> Iterator[Diagnostic]:
    rules = document.data.get("rules")
    variables = _variables(document)
    for index, rule in enumerate(rules[:MAX_RULES] if isinstance(rules, list) else ()):
        for key, parse in _PARSERS:
            text = rule.get(key) if isinstance(rule, dict) else None
            if isinstance(text, str):
                yield from _fault(parse, text, document.places.string(("rules", index, key), text), variables)


def _fault(
    parse: Callable[[str, Location, Variables], object], text: str, where: Location, variables: Variables
) -> Iterator[Diagnostic]:
    try:
        parse(text, where, variables)
    except RecipeError as error:
        yield from (fault for fault in error.diagnostics if fault.code != "unknown-variable")  # a parent may have it


def _variables(document: Document) -> Variables:
    written_vars = document.data.get("vars")
    pairs = list(written_vars.items())[:MAX_VARIABLES] if isinstance(written_vars, dict) else ()
    return Variables(
        {
            name: Variable(name, value, document.places.string(("vars", name), str(value)))
            for name, value in pairs
            if isinstance(value, str | int)
        }
    )
