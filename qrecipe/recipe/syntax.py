"""From Lark's exceptions to diagnostics: what the three small languages (pattern, condition, type) share as parsers.

A `Grammar` names a `.lark` file beside this module, the class that builds its nodes, spoken names for its terminals.
`parse` gives the builder's result or raises one RecipeError whose caret points into `where.text`. Builders know no
place: they make nodes with spans, and whoever walks the nodes knows where the text stands. A parser is made on first
use, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Transformer, UnexpectedInput
from lark.exceptions import UnexpectedCharacters
from lark.lexer import PatternStr

from qrecipe.errors import Diagnostic, Location, RecipeError, Span

MAX_LENGTH = 4096  # characters of one pattern, condition or chain
MAX_DEPTH = 64  # levels of nesting, those inside variables counted
_COMPARED = 500  # characters of a word that are compared with known ones, which takes long
_SHOWN = 60  # characters of a word in a message
Builder = Transformer[Any, Any]


@dataclass(frozen=True, slots=True)
class Grammar:
    """One small language.

    `name` is what messages call it (`condition`), `code` names its syntax errors; `spoken` has words for every terminal
    that is no fixed text; `mistakes` maps what people write (`&&`) to the fix; `example` is shown where nothing better
    is known.
    """

    name: str
    code: str
    file: str
    builder: type[Builder]
    spoken: Mapping[str, str]
    example: str
    mistakes: Mapping[str, str] = field(default_factory=dict)

    @property
    def parser(self) -> Lark:
        """The parser, made once."""
        return _parser(self.file, self.builder)


def parse(grammar: Grammar, text: str, where: Location) -> Any:  # noqa: ANN401 - the builder knows what it makes
    """Parse `text`; RecipeError with a caret where it breaks off. `where` is the place of the whole text."""
    check_length(grammar.name, text, where)
    try:
        return grammar.parser.parse(text)
    except UnexpectedInput as error:
        raise RecipeError(_diagnostic(grammar, error, text, where)) from None


def fault(code: str, what: str, where: Location, *, why: str = "", fix: str) -> RecipeError:
    """Make the RecipeError of one diagnostic, so that raising one takes one line."""
    return RecipeError(Diagnostic(code, what, where, why=why, fix=fix))


def place(where: Location, text: str, span: Span) -> Location:
    """Return the place of `span` in `text`, which stands at `where`."""
    return standing(where, text).at(span)


def standing(where: Location, text: str) -> Location:
    """Return `where` as the place of `text`: unchanged if it is, else without columns inside."""
    if where.text == text and where.span is None:
        return where
    return replace(where, text=text, span=None, verbatim=False)


def check_length(language: str, text: str, where: Location) -> None:
    """Refuse a text beyond the cap."""
    if len(text) > MAX_LENGTH:
        raise fault(
            "too-long",
            f"{article(language)} of {len(text):,} characters",
            place(where, text, Span(0, 1)),
            why=f"at most {MAX_LENGTH:,} are read",
            fix="split the rule, or put parts into [vars]",
        )


def check_depth(language: str, depth: int, where: Location) -> None:
    """Refuse nesting beyond the cap; `depth` counts from 1, `where` is the place of what lies too deep."""
    if depth > MAX_DEPTH:
        raise fault(
            "too-deep",
            f"{article(language)} nested more than {MAX_DEPTH} deep",
            where,
            why="everything inside something else counts, and variables with what they hold",
            fix="write it flatter, or split it into several rules",
        )


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str) -> str:
    """Return a fix: `did you mean 'layer'?`, or `otherwise` where nothing known is near."""
    spellings: dict[str, str] = {}
    for name in known:
        spellings.setdefault(name.casefold(), name)
    near = get_close_matches(word[:_COMPARED].casefold(), spellings, n=1, cutoff=0.6)
    return f"did you mean '{spellings[near[0]]}'?" if near else otherwise


def shown(text: str) -> str:
    """Return a user's word as messages quote it, cropped where it is long."""
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[:_SHOWN]}…'"


def article(noun: str) -> str:
    """Put `a` or `an` before a noun."""
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


@cache
def _parser(file: str, builder: type[Builder]) -> Lark:
    grammar = files("qrecipe.recipe").joinpath(file).read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=builder(), maybe_placeholders=True)


def _diagnostic(grammar: Grammar, error: UnexpectedInput, text: str, where: Location) -> Diagnostic:
    span, wanted = _span_and_wanted(error, text)
    found = text[span.start : span.end]
    expected = _spoken(grammar, wanted)
    return Diagnostic(
        grammar.code,
        f"unexpected {shown(found) if found else 'end'} in {article(grammar.name)}",
        place(where, text, span),
        why=f"expected {_either(expected)}" if expected else f"{article(grammar.name)} cannot go on here",
        fix=_fix(grammar, found, text[span.start :], wanted),
    )


def _span_and_wanted(error: UnexpectedInput, text: str) -> tuple[Span, frozenset[str]]:
    """Return where a parse broke off and the terminals that it could have gone on with."""
    interactive = getattr(error, "interactive_parser", None)
    wanted = frozenset(interactive.accepts() if interactive is not None else getattr(error, "allowed", None) or ())
    if isinstance(error, UnexpectedCharacters):
        start = int(getattr(error, "pos_in_stream", 0))  # Lark declares the attribute as None
        return Span(start, start + 1), wanted
    token = getattr(error, "token", None)
    if token is None or token.type == "$END":  # Lark lends it the last token's position
        return Span(len(text), len(text) + 1), wanted
    return Span(token.start_pos, token.end_pos), wanted


def _spoken(grammar: Grammar, wanted: Iterable[str]) -> list[str]:
    fixed = _fixed_texts(grammar)
    words = {
        grammar.spoken.get(name) or f"'{fixed[name]}'" for name in wanted if name in grammar.spoken or name in fixed
    }
    return sorted(words, key=lambda word: (word.startswith("'"), word))


def _fixed_texts(grammar: Grammar) -> dict[str, str]:
    """Return the terminals that are one fixed text (`and`, `(`): these speak for themselves."""
    terminals = grammar.parser.terminals
    return {terminal.name: terminal.pattern.value for terminal in terminals if isinstance(terminal.pattern, PatternStr)}


def _fix(grammar: Grammar, found: str, rest: str, wanted: Iterable[str]) -> str:
    for mistake, fix in grammar.mistakes.items():
        if rest.startswith(mistake):
            return fix
    fixed = _fixed_texts(grammar)
    words = [fixed[name] for name in wanted if name in fixed and fixed[name].isalpha()]
    return did_you_mean(
        found, words if found else (), otherwise=f"{article(grammar.name)} reads like {grammar.example}"
    )


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
