"""Chains of types: `Q4_K | int4(group=32) | keep`. Text → `Chain`; the reference page is types-in-recipes.md.

`parse_chain` knows the grammar and the variables, but no type. A variable among the entries is parsed by itself, at its
own place, and its entries take the variable's; as an argument's value it is an integer or one value. What the names
mean is looked up by `bind_chain`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lark import Token, Transformer, v_args

from qrecipe.errors import Location, Span
from qrecipe.recipe.bind import KEEP, AnyOf, BoundChain, bind_chain
from qrecipe.recipe.chain_nodes import AnyNode, ArgumentNode, Chain, Entries, Entry, IntNode, Place, TypeNode
from qrecipe.recipe.syntax import Grammar, check_depth, fault, parse, standing
from qrecipe.recipe.variables import Variable, Variables

__all__ = ["KEEP", "AnyNode", "AnyOf", "BoundChain", "Chain", "TypeNode", "bind_chain", "parse_chain"]


def parse_chain(text: str, where: Location, variables: Variables) -> Chain:
    """Parse a chain that stands at `where`; RecipeError with a caret."""
    where = standing(where, text)
    entries = _Reading(where, variables).chain(parse(_grammar(), text, where))
    return Chain(text, where, entries, variables.names_in(text))


@dataclass(frozen=True, slots=True)
class _Use:
    """`${name}`, before the variable is put in."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class _RawType:
    name: Token
    args: tuple[tuple[Token, _RawValue], ...]


@dataclass(frozen=True, slots=True)
class _RawAny:
    word: Token
    chains: tuple[_RawChain, ...]


@dataclass(frozen=True, slots=True)
class _Int:
    digits: Token


_RawEntry = _RawType | _RawAny | _Use
_RawChain = tuple["_RawEntry", ...]
_RawValue = _RawType | _Int | _Use


@dataclass(frozen=True, slots=True)
class _Reading:
    """Puts variables in. `variable` is the location of the variable being read, None in the rule's own text."""

    where: Location
    variables: Variables
    variable: Location | None = None
    depth: int = 1

    def chain(self, raw: _RawChain) -> Entries:
        """Return a chain's entries, those of its variables in their place."""
        return tuple(node for entry in raw for node in self._entry(entry))

    def _entry(self, raw: _RawEntry) -> Iterator[Entry]:
        match raw:
            case _Use():
                variable, inside = self._enter(raw)
                if not isinstance(variable.value, str):
                    raise _not_a_type(variable, self.where.at(raw.span))
                yield from inside.chain(parse(_grammar(), variable.value, inside.where))
            case _RawAny():
                inside = self._deeper(raw.word)
                yield AnyNode(tuple(inside.chain(chain) for chain in raw.chains), self._place(raw.word))
            case _RawType():
                yield self._type(raw)

    def _type(self, raw: _RawType) -> TypeNode:
        inside = self._deeper(raw.name) if raw.args else self
        args = tuple(
            ArgumentNode(str(name), inside._value(value), self._place(name))  # noqa: SLF001 - its own class
            for name, value in raw.args
        )
        return TypeNode(str(raw.name), args, self._place(raw.name))

    def _value(self, raw: _RawValue) -> IntNode | TypeNode:
        match raw:
            case _Int():
                return IntNode(int(raw.digits), self._place(raw.digits))
            case _RawType():
                return self._type(raw)
            case _Use():
                return self._variable_value(raw)

    def _variable_value(self, use: _Use) -> IntNode | TypeNode:
        variable, inside = self._enter(use)
        if isinstance(variable.value, bool):
            raise _not_a_value(variable, self.where.at(use.span))
        if not isinstance(variable.value, str):
            return IntNode(variable.value, Place(use.span, self.variable))
        text = variable.value.strip()
        if text.isascii() and text.isdigit():
            start = variable.value.index(text)
            return IntNode(int(text), Place(Span(start, start + len(text)), inside.where))
        raw: _RawChain = parse(_grammar(), variable.value, inside.where)
        if len(raw) != 1 or isinstance(raw[0], _RawAny):
            raise _not_a_value(variable, self.where.at(use.span))
        return inside._value(raw[0])  # noqa: SLF001 - its own class

    def _enter(self, use: _Use) -> tuple[Variable, _Reading]:
        variable, inside = self.variables.enter(use.name, use.span, self.where)
        where = standing(variable.location, variable.text)
        return variable, replace(self, where=where, variables=inside, variable=where)

    def _deeper(self, token: Token) -> _Reading:
        check_depth("chain", self.depth, self.where.at(_span(token)))
        return replace(self, depth=self.depth + 1)

    def _place(self, token: Token) -> Place:
        return Place(_span(token), self.variable)


class _Builder(Transformer[Token, "_RawChain"]):
    """Makes raw nodes during the parse, without recursion."""

    @v_args(inline=True)
    def start(self, chain: _RawChain) -> _RawChain:
        return chain

    def chain(self, children: list[_RawEntry | Token]) -> _RawChain:
        return tuple(child for child in children if not isinstance(child, Token))

    def any(self, children: list[Token | _RawChain]) -> _RawAny:
        word, *rest = children
        assert isinstance(word, Token)  # noqa: S101 - the grammar says so
        return _RawAny(word, tuple(child for child in rest if isinstance(child, tuple)))

    def type(self, children: list[Token | tuple[Token, _RawValue] | None]) -> _RawType:
        name, *rest = children
        assert isinstance(name, Token)  # noqa: S101 - the grammar says so
        return _RawType(name, tuple(child for child in rest if isinstance(child, tuple)))

    @v_args(inline=True)
    def argument(self, name: Token, _equals: Token, value: _RawValue) -> tuple[Token, _RawValue]:
        return name, value

    @v_args(inline=True)
    def number(self, digits: Token) -> _Int:
        return _Int(digits)

    @v_args(inline=True)
    def use(self, token: Token) -> _Use:
        return _Use(str(token)[2:-1], _span(token))


def _grammar() -> Grammar:
    return Grammar(
        "chain",
        "chain-syntax",
        "chain.lark",
        _Builder,
        spoken={
            "NAME": "a name",
            "VARIABLE": "a variable ${…}",
            "INT": "an integer",
            "ANY": "any(…)",
            "$END": "the end",
        },
        example="Q4_K | Q8_0(fit=rtn) | keep",
        mistakes={
            ",": "entries of a chain are separated by |, the first that fits is taken: Q4_K | Q8_0",
            "/": "entries of a chain are separated by |, the first that fits is taken: Q4_K | Q8_0",
            ":": "an argument is name=value: Q4_0(fit=lattice)",
            "$": "a variable is ${name}, lower-case letters, digits and _",
            "-": "type names have no -: Q4_K, IQ4_NL, int4",
            "'": "names stand without quotes: Q4_0(fit=lattice)",
        },
    )


def _span(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


def _not_a_type(variable: Variable, where: Location) -> Exception:
    return fault(
        "variable-kind",
        f"variable '{variable.name}' is {variable.text}, which is no type",
        where,
        why="among the entries of a chain a variable holds a type or a chain",
        fix=f'set {variable.name} = "Q4_K", say, or use another variable',
    )


def _not_a_value(variable: Variable, where: Location) -> Exception:
    return fault(
        "variable-kind",
        f"variable '{variable.name}' is {variable.text}, which is no argument's value",
        where,
        why="an argument's value is an integer or one name, which may have arguments of its own",
        fix=f"set {variable.name} to one value, or use another variable",
    )
