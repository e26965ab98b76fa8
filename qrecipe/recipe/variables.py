"""Variables: `${x}` holds a piece of the language it stands in, or text where no language is (outputs, `re:`).

A parser that meets `${x}` calls `enter`: it gets the variable, whose value it parses by itself at the variable's own
location, and the `Variables` to parse it with, which refuse a circle. A variable may stand for no more than one text's
cap of characters, its own variables put in, so that no doubling of doublings grows without bound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from qrecipe.errors import Location, Span
from qrecipe.recipe.syntax import MAX_DEPTH, MAX_LENGTH, check_depth, did_you_mean, fault, shown, standing

_SHOWN = 12  # names in a message
_TEXT = 1 << 16  # characters of a text with its variables filled in
VARIABLE = re.compile(r"\$\{([a-z_][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """A value and the place where it is written. Integers and booleans are values, not pieces of text."""

    name: str
    value: str | int | bool
    location: Location

    @property
    def text(self) -> str:
        """The value as text: `true`, `4`, or the string itself."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


@dataclass(frozen=True, slots=True)
class Variables:
    """All variables of a merged recipe; `entered` are those being parsed, outermost first."""

    values: Mapping[str, Variable] = field(default_factory=dict)
    entered: tuple[str, ...] = ()

    def lookup(self, name: str, span: Span, where: Location) -> Variable:
        """Return a variable; RecipeError that points at `span` of the text at `where` if there is none."""
        if (variable := self.values.get(name)) is not None:
            return variable
        raise fault(
            "unknown-variable",
            f"unknown variable {shown(name)}",
            where.at(span),
            why=f"[vars] and its parents have {_listed(self.values)}",
            fix=did_you_mean(name, self.values, otherwise=f"add it: [vars] {name} = …"),
        )

    def enter(self, name: str, span: Span, where: Location) -> tuple[Variable, Variables]:
        """Return a variable and what its value is to be parsed with, at the variable's own location."""
        variable = self.lookup(name, span, where)
        if name in self.entered:
            circle = (*self.entered[self.entered.index(name) :], name)
            raise fault(
                "variable-circle",
                f"variables go in a circle: {' → '.join(circle)}",
                where.at(span),
                why="a variable stands for its value, which may not hold the variable again",
                fix=f"write out one of {', '.join(dict.fromkeys(circle))}",
            )
        check_depth("variable", len(self.entered) + 1, where.at(span))
        if not self.entered and self._length(variable, {}, 1) > MAX_LENGTH:
            raise fault(
                "too-long",
                f"variable '{name}' stands for more than {MAX_LENGTH:,} characters",
                where.at(span),
                why="its own variables count with what they hold",
                fix="use fewer variables inside variables",
            )
        return variable, replace(self, entered=(*self.entered, name))

    def text(self, text: str, where: Location) -> str:
        """Return `text` with its variables filled in as text, however deep."""
        where = standing(where, text)
        pieces: list[str] = []
        end = 0
        if not self.entered:
            self._check_text(text, where)
        for use in VARIABLE.finditer(text):
            variable, inside = self.enter(use[1], Span(*use.span()), where)
            pieces += [text[end : use.start()], inside.text(variable.text, variable.location)]
            end = use.end()
        return "".join(pieces) + text[end:]

    def _check_text(self, text: str, where: Location) -> None:
        """Refuse a text that uses variables so often that it would grow without bound; parsing finds unknown ones."""
        known: dict[str, int] = {}
        uses = [self.values[use[1]] for use in VARIABLE.finditer(text) if use[1] in self.values]
        if uses and len(text) + sum(self._length(use, known, 1) for use in uses) > _TEXT:
            raise fault(
                "too-long",
                f"a text that comes to more than {_TEXT:,} characters with its variables",
                where.at(Span(0, 1)),
                why="its variables count with what they hold, as often as they stand in it",
                fix="use fewer variables, or shorter ones",
            )

    def names_in(self, text: str) -> frozenset[str]:
        """Return the names of all variables that a text uses, by itself or through others."""
        found: set[str] = set()
        texts = [text]
        while texts:
            new = {use[1] for use in VARIABLE.finditer(texts.pop())} - found
            found |= new
            texts += [self.values[name].text for name in new if name in self.values]
        return frozenset(found)

    def _length(self, variable: Variable, known: dict[str, int], depth: int) -> int:
        """Return the characters that a variable comes to; parsing finds unknown ones, circles and what is too deep."""
        if variable.name not in known:
            known[variable.name] = len(variable.text)
            if depth == MAX_DEPTH:
                return known[variable.name]
            uses = [self.values[use[1]] for use in VARIABLE.finditer(variable.text) if use[1] in self.values]
            known[variable.name] += sum(self._length(use, known, depth + 1) for use in uses)
        return known[variable.name]


def _listed(names: Mapping[str, Variable]) -> str:
    shown = [f"'{name}'" for name in sorted(names)[:_SHOWN]] + ["…"] * (len(names) > _SHOWN)
    return ", ".join(shown) or "none"
