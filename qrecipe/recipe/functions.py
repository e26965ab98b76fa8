"""Functions of conditions: plain typed Python callables, the built-in ones among them, as values with a signature.

A function takes and gives int, str and bool, every parameter by position; it is pure and total. One that raises, or
gives something else than it says, is a broken plug-in and reported as such, by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from qrecipe.errors import Diagnostic, PluginError
from qrecipe.recipe.facts import FACTS, KIND_NAMES, Kind, Value
from qrecipe.recipe.integers import divide, kept, remainder


@dataclass(frozen=True, slots=True)
class Function:
    """A name, the parameters' names and kinds, the kind of the result, and what computes it."""

    name: str
    parameters: tuple[tuple[str, Kind], ...]
    result: Kind
    compute: Callable[..., Value]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}: {KIND_NAMES[kind]}' for name, kind in self.parameters)})"

    def call(self, *arguments: Value) -> Value | None:
        """Compute; unknown if the result does not fit in 64 bits, PluginError if the function breaks its promise."""
        try:
            value = self.compute(*arguments)
        except Exception as error:  # a plug-in may raise anything
            raise self._broken(f"raised {type(error).__name__}: {error}", arguments) from error
        if type(value) is not self.result:
            raise self._broken(f"gave {value!r}, which is no {KIND_NAMES[self.result]}", arguments)
        return kept(value) if type(value) is int else value

    def _broken(self, what: str, arguments: tuple[Value, ...]) -> PluginError:
        shown = f"{self.name}({', '.join(map(repr, arguments))})"
        return _refused(f"function '{self.name}' {what}", f"it was called as {shown}; functions are total")


def function_of(made: Callable[..., Value]) -> Function:
    """Read a callable's signature; PluginError if it is not typed as conditions need it."""
    name = str(getattr(made, "__name__", made))
    if name in FACTS:
        raise _refused(f"function '{name}' has a fact's name", "a name means one thing in a condition")
    try:
        hints = get_type_hints(made)
        parameters = inspect.signature(made).parameters
    except (NameError, TypeError, ValueError) as error:
        raise _refused(f"the signature of function '{name}' cannot be read", str(error)) from error
    kinds = tuple((each, _kind(name, each, hints)) for each in parameters)
    for each, parameter in parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            raise _refused(f"parameter '{each}' of function '{name}' is not positional", "conditions name no arguments")
    return Function(name, kinds, _kind(name, "return", hints), made)


def more_bits(i: int, n: int) -> bool:
    """Say whether llama.cpp's `use_more_bits` spends more on number `i` of `n`: both ends, and each third between."""
    eighth = divide(n, 8) or 0
    return i < eighth or i >= (divide(7 * n, 8) or 0) or remainder(i - eighth, 3) == 2  # noqa: PLR2004 - one of three


def min(a: int, b: int) -> int:  # noqa: A001 - its name in conditions
    """Return the smaller of two."""
    return a if a < b else b  # noqa: FURB136 - would call itself


def max(a: int, b: int) -> int:  # noqa: A001 - its name in conditions
    """Return the greater of two."""
    return a if a > b else b  # noqa: FURB136 - would call itself


BUILTINS: tuple[Callable[..., Value], ...] = (more_bits, min, max)


def _kind(function: str, parameter: str, hints: Mapping[str, Any]) -> Kind:
    hint: object = hints.get(parameter)
    for kind in KIND_NAMES:
        if kind is hint:
            return kind
    what = "the result" if parameter == "return" else f"parameter '{parameter}'"
    raise _refused(
        f"{what} of function '{function}' is not typed int, str or bool", "conditions know these three kinds"
    )


def _refused(what: str, why: str) -> PluginError:
    fix = "tell the plug-in's author; `qrecipe plugins` says which package it is"
    return PluginError(Diagnostic("broken-function", what, why=why, fix=fix))
