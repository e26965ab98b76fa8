"""A regular expression of theirs as patterns of ours, the first way that covers the same tensors of the model.

As a glob where one says it; as an expression (`re:`) where google-re2 is installed and knows it; else as names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from qrecipe.dialects.llama_quantize.names import globs_of
from qrecipe.errors import Location, RecipeError
from qrecipe.recipe.pattern import parse_pattern
from qrecipe.recipe.variables import Variables

if TYPE_CHECKING:
    from qrecipe.dialects.llama_quantize.overrides import Override
    from qrecipe.recipe.pattern import Pattern

Known = tuple[Sequence[str], Sequence[str]]
"""The tensors that are left to be taken, and those of them that the expression finds."""


def pattern_of(override: Override, known: Known | None, needs_model: Callable[[], NoReturn]) -> list[str]:
    """Return the patterns, one or more; without a model, only what is sure to mean the same."""
    for text, sure in _candidates(override):
        pattern = _parsed(text)
        if pattern is None:
            continue
        if known is None and sure:
            return [text]
        if known is not None and [name for name in known[0] if pattern.covers(name)] == list(known[1]):
            return [text]
    if known is None:
        needs_model()
    return globs_of(known[1])


def _candidates(override: Override) -> Iterator[tuple[str, bool]]:
    """Yield patterns, and whether each is sure to mean the same for every model."""
    expression = override.pattern
    if expression.glob is not None:
        yield expression.glob, expression.exact
    if expression.re2 is not None:
        yield expression.re2, "$" not in expression.re2


def _parsed(text: str) -> Pattern | None:
    """Return the pattern; None where it is none, or google-re2 is not installed."""
    try:
        return parse_pattern(text, Location(text=text), Variables())
    except RecipeError:
        return None
