"""C++'s regular expressions (`std::regex`, ECMAScript), searched for anywhere in a name: read, and said in other ways.

Text → an expression that knows itself in Python's syntax, in RE2's, and as a glob where one can say it. A glob need
not mean the same: whoever writes it into a recipe holds it against the model's names. What libstdc++ refuses is
refused; what it takes and we do not read (POSIX classes in brackets) is refused as well, never misread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_CLASSES = "dws"
_CONTROLS = "tnrvf0"
_QUANTIFIER = re.compile(r"(?:[*+?]|\{(\d{1,4})(,(\d{1,4})?)?\})\??")
_GLOB_SPECIAL = "*?{}[]\\,"
_DEPTH = 30
_LENGTH = 1000


class ExpressionError(Exception):
    """What is wrong with an expression, and where in it."""

    def __init__(self, reason: str, start: int, end: int, why: str = "", fix: str = "correct it") -> None:
        super().__init__(reason)
        self.reason, self.start, self.end, self.why, self.fix = reason, start, end, why, fix


@dataclass(frozen=True, slots=True)
class Expression:
    """`re2` and `glob` are None where they cannot say it; they cover whole names. `exact`: the glob means the same."""

    python: re.Pattern[str] = field(compare=False)
    re2: str | None
    glob: str | None
    exact: bool

    def hits(self, name: str) -> bool:
        """Say whether it is found anywhere in a name."""
        return self.python.search(name) is not None


@dataclass(slots=True)
class _Said:
    """A piece in the three syntaxes. `glob` is None where a glob cannot say it; `exact` if it says just that."""

    python: str
    re2: str | None
    glob: str | None
    exact: bool = True


def expression(text: str) -> Expression:
    """Read an expression; ExpressionError with the place of what is wrong."""
    if len(text) > _LENGTH:
        raise ExpressionError("it is too long", 0, len(text), fix="write several shorter ones")
    reader = _Reader(text)
    said = reader.alternatives(0, top=True)
    if reader.at < len(text):
        raise ExpressionError("there is no ( for this )", reader.at, reader.at + 1)
    try:
        compiled = re.compile(said.python, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        raise ExpressionError("it is no regular expression", 0, len(text)) from None
    re2 = None if said.re2 is None else f"re:.*(?:{said.re2}).*"
    return Expression(compiled, re2, said.glob, said.exact and said.glob is not None)


def _joined(pieces: list[_Said]) -> _Said:
    globs = [each.glob for each in pieces]
    re2s = [each.re2 for each in pieces]
    return _Said(
        "".join(each.python for each in pieces),
        None if None in re2s else "".join(each or "" for each in re2s),
        None if None in globs else "".join(each or "" for each in globs),
        all(each.exact for each in pieces),
    )


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0

    def alternatives(self, depth: int, *, top: bool = False) -> _Said:
        if depth > _DEPTH:
            raise ExpressionError("it is nested too deeply", self.at, self.at + 1)
        branches = [self.branch(depth, top=top)]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.branch(depth, top=top))
        if len(branches) == 1:
            return branches[0]
        globs = [each.glob for each in branches]
        re2s = [each.re2 for each in branches]
        return _Said(
            "|".join(each.python for each in branches),
            None if None in re2s else "|".join(each or "" for each in re2s),
            None if None in globs else "{" + ",".join(each or "" for each in globs) + "}",
            all(each.exact for each in branches),
        )

    def branch(self, depth: int, *, top: bool) -> _Said:
        """Read up to `|`, `)` or the end; at the top a glob says what may stand on both sides."""
        start = self.at
        pieces: list[_Said] = []
        while (here := self.peek()) not in ("", "|", ")"):
            if here == "^" and top and self.at == start:
                self.at += 1
                pieces.append(_Said("^", "^", ""))
            elif here == "$" and top and self.text[self.at + 1 : self.at + 2] in ("", "|"):
                self.at += 1
                pieces.append(_Said(r"\Z", "$", "", exact=False))  # a glob covers a name less .weight too
            else:
                pieces.append(self.quantified(self.atom(depth)))
        if not top:
            return _joined(pieces)
        anchored = [each.python for each in pieces]
        before = [] if anchored[:1] == ["^"] else [_Said("", "", "**")]
        behind = [] if anchored[-1:] == [r"\Z"] else [_Said("", "", "**")]
        return _joined([*before, *pieces, *behind])

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def atom(self, depth: int) -> _Said:
        start, here = self.at, self.peek()
        self.at += 1
        if here in "*+?{":
            raise ExpressionError(f"there is nothing before the {here} to repeat", start, start + 1)
        match here:
            case "\\":
                return self.escape(start)
            case "[":
                return self.brackets(start)
            case "(":
                return self.group(start, depth)
            case _:
                return _SPECIAL.get(here) or _literal(here)

    def escape(self, start: int) -> _Said:
        here = self.peek()
        self.at += 1
        if not here:
            raise ExpressionError("it ends in a backslash", start, start + 1)
        if here in _CLASSES:
            return _Said(f"\\{here}", f"\\{here}", "[0-9]" if here == "d" else None)
        if here == "b":
            return _Said(r"\b", r"\b", None)
        if here in _CONTROLS:
            raise ExpressionError("names hold no control characters", start, self.at)
        if here.isdigit():
            return _Said(f"(?:\\{here})", None, None)
        if here.isalnum():
            raise ExpressionError(f"\\{here} is not read here", start, self.at, why="C++ reads few letters behind a \\")
        return _literal(here)

    def group(self, start: int, depth: int) -> _Said:
        kind = next((each for each in ("?:", "?=", "?!") if self.text.startswith(each, self.at)), "")
        if not kind and self.peek() == "?":
            raise ExpressionError("C++ knows no such group", start, start + 3, why="only (…), (?:…), (?=…), (?!…)")
        self.at += len(kind)
        inner = self.alternatives(depth + 1)
        if self.peek() != ")":
            raise ExpressionError("there is no ) for this (", start, start + 1)
        self.at += 1
        ahead = kind in ("?=", "?!")
        re2 = None if ahead or inner.re2 is None else f"({kind}{inner.re2})"
        return _Said(f"({kind}{inner.python})", re2, None if ahead else inner.glob, inner.exact)

    def brackets(self, start: int) -> _Said:
        end = start + 1 + (self.text[start + 1 : start + 2] == "^")
        while end < len(self.text) and self.text[end] != "]":
            end += 2 if self.text[end] == "\\" else 1
        inside = self.text[start + 1 : end]
        if end >= len(self.text):
            raise ExpressionError("there is no ] for this [", start, start + 1)
        self.at = end + 1
        if "[" in inside or not inside.removeprefix("^"):
            why = "classes like [:digit:] and empty brackets are not read here"
            raise ExpressionError("these brackets are not read here", start, self.at, why=why, fix="write 0-9 say")
        plain = re.fullmatch(r"\^?([a-z0-9_.]|[a-z0-9]-[a-z0-9])+", inside) is not None
        glob = f"[{inside.replace('^', '!', 1) if inside[0] == '^' else inside}]" if plain else None
        safe = inside.replace("&&", "&\\&").replace("--", "-\\-").replace("~~", "~\\~").replace("||", "|\\|")
        return _Said(f"[{safe}]", f"[{inside}]", glob, exact=inside[0] != "^")

    def quantified(self, atom: _Said) -> _Said:
        found = _QUANTIFIER.match(self.text, self.at)
        if found is None:
            if self.peek() == "{":
                raise ExpressionError("this { is not closed by a number and a }", self.at, self.at + 1)
            return atom
        self.at = found.end()
        if atom.python in ("^", r"\Z", r"\b"):
            raise ExpressionError("an edge cannot be repeated", found.start(), found.end())
        re2 = None if atom.re2 is None else f"(?:{atom.re2}){found[0]}"
        glob = _repeated(atom, found[0].rstrip("?") or "?")
        return _Said(f"(?:{atom.python}){found[0]}", re2, glob, exact=atom.python == "." and found[0] == "*")


_SPECIAL = {
    ".": _Said(".", ".", ".", exact=False),
    "^": _Said("^", "^", None),
    "$": _Said(r"\Z", "$", None),
}


def _repeated(atom: _Said, how: str) -> str | None:
    """Return a glob for a repetition, if only roughly."""
    if atom.python == ".":
        return "**" if how in ("*", "+") else None
    if atom.glob is None:
        return None
    if how == "?":
        return "{" + atom.glob + ",}"
    return "*" if how in ("*", "+") and atom.glob.startswith("[") else None


def _literal(character: str) -> _Said:
    glob = f"\\{character}" if character in _GLOB_SPECIAL else character
    return _Said(re.escape(character), re.escape(character), glob)
