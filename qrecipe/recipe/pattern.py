"""Patterns: which tensors a rule is about, by name. Text → `Pattern`; the reference page is docs/reference/patterns.md.

A pattern covers a whole name, or the whole name less a final `.weight`. A glob's variables are parsed by themselves and
put in as pieces; behind `re:` they are text. Which names an `hf:` pattern is asked about is the caller's business.
Matching many patterns is `automaton.PatternSet`; `covers` asks one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from qrecipe.errors import Location, Span
from qrecipe.recipe.automaton import PatternSet
from qrecipe.recipe.glob import parse_glob, size_of
from qrecipe.recipe.pattern_nodes import Alternatives, Glob, Text
from qrecipe.recipe.regex import refusal
from qrecipe.recipe.syntax import check_length, fault, standing
from qrecipe.recipe.variables import VARIABLE, Variables


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as written (`source`) and what it means: `regex`, or `glob`; `literal` if that is one plain name.

    Equal by value. `variables` are those it uses, directly or through others.
    """

    source: str
    hf: bool
    regex: str | None
    glob: Glob = ()
    literal: str | None = None
    variables: frozenset[str] = field(default=frozenset(), compare=False)

    def __str__(self) -> str:
        return self.source

    def covers(self, name: str) -> bool:
        """Say whether this pattern alone covers a name."""
        return next(_alone(self).covering(name), None) is not None

    def alternatives(self) -> Iterator[Alternative]:
        """Yield every alternative of every `{…,…}`, those inside variables too, outer ones first."""
        for location, glob in _narrowed(self.glob):
            text = (location.text or "")[location.span.start : location.span.end] if location.span else ""
            yield Alternative(text, location, replace(self, glob=glob, literal=_literal(glob)))


@dataclass(frozen=True, slots=True)
class Alternative:
    """One alternative as written, its place, and the pattern with it as the only choice of its braces.

    It is of no use where `pattern` covers no name.
    """

    text: str
    location: Location
    pattern: Pattern


def parse_pattern(text: str, where: Location, variables: Variables) -> Pattern:
    """Parse a pattern that stands at `where`; RecipeError with a caret.

    >>> pattern = parse_pattern("blk.{8..}.ffn_{up,down}", Location(), Variables())
    >>> pattern.covers("blk.9.ffn_down.weight"), pattern.covers("blk.4.ffn_down.weight")
    (True, False)
    """
    where = standing(where, text)
    check_length("pattern", text, where)
    if (use := VARIABLE.fullmatch(text)) is not None:  # a variable that is the whole pattern may bring the prefix
        variable, inside = variables.enter(use[1], Span(0, len(text)), where)
        parsed = parse_pattern(variable.text, variable.location, inside)
        return replace(parsed, source=text, variables=parsed.variables | {use[1]})
    hf = text.startswith("hf:")
    if text[3 * hf :].startswith("re:"):
        return Pattern(text, hf, _regex(text, 3 * hf + 3, where, variables), variables=variables.names_in(text))
    glob = parse_glob(text, where, variables)
    if size_of(glob) == 0:
        raise fault(
            "pattern-empty",
            "an empty pattern",
            where.at(Span(0, len(text))),
            why="no tensor has an empty name",
            fix="write ** for every tensor, or the name of one",
        )
    return Pattern(text, hf, None, glob, _literal(glob), variables.names_in(text))


def _regex(text: str, start: int, where: Location, variables: Variables) -> str:
    """Return the expression behind the prefixes, its variables filled in, once re2 has taken it."""
    whole = Span(start, max(len(text), start + 1))
    regex = variables.text(text, where)[start:]
    check_length("pattern", regex, where)
    try:
        reason = refusal(regex)
    except ImportError:
        raise fault(
            "regex-missing",
            "re: patterns need google-re2, which is not installed",
            where.at(whole),
            why="it matches in time linear in the name, whatever the expression",
            fix="pip install 'qrecipe[regex]', or write the pattern without re:",
        ) from None
    if reason is not None:
        raise fault(
            "regex-invalid",
            "not a regular expression that google-re2 takes",
            where.at(_blamed(text, whole, reason)),
            why=reason,
            fix="write it without look-around and back-references; in TOML, '…' keeps a backslash as it is",
        )
    return regex


def _blamed(text: str, whole: Span, reason: str) -> Span:
    """Narrow a place to the piece that re2 quotes behind its reason, where it stands once."""
    _, _, piece = reason.partition(": ")
    if piece and text.count(piece, whole.start) == 1:
        start = text.index(piece, whole.start)
        return Span(start, start + len(piece))
    return whole


def _literal(glob: Glob) -> str | None:
    texts = [piece.text for piece in glob if isinstance(piece, Text)]
    return "".join(texts) if len(texts) == len(glob) else None


def _narrowed(glob: Glob) -> Iterator[tuple[Location, Glob]]:
    for at, piece in enumerate(glob):
        if isinstance(piece, Alternatives):
            for option, where in zip(piece.options, piece.places, strict=True):
                yield where, (*glob[:at], *option, *glob[at + 1 :])
                for inner_where, inner in _narrowed(option):
                    yield inner_where, (*glob[:at], *inner, *glob[at + 1 :])


@lru_cache(maxsize=256)
def _alone(pattern: Pattern) -> PatternSet:
    return PatternSet((pattern,))
