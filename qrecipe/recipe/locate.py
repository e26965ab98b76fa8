r"""Key path → place, for TOML text that `tomllib` has accepted.

`tomllib` gives values without positions, so a second pass over the same text notes where each key and each value
stands: `("rules", 1, "when")` for scalars, members of arrays, inline tables, `[tables]`, `[[tables]]` and dotted keys.
It trusts the text to be valid, keeps its own stack, and takes time linear in the text. Line ends are `\n` alone.

Lines and columns count characters from 1. A location of a string points into the string itself, so that a fault inside
it gets a column where the file holds the string letter for letter, and only a caret where it does not (escapes, several
lines). Every other location points into the whole source line.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field
from json import dumps

from qrecipe.errors import Location, Span

KeyPath = tuple["str | int", ...]

_BLANK = re.compile(r"[ \t]*")
_SKIP = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_SKIP_COMMAS = re.compile(r"(?:[ \t\n,]+|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]++|\\.)*+"|'[^']*'""")  # possessive: else memory for each character
_SCALAR = re.compile(  # what looks ahead is not repeated possessively: wrong in Python 3.11.0 to 3.11.4 (gh-106052)
    r'''"""[^"\\]*+(?:(?!""")\\?+.[^"\\]*+)*"{3,5}|"(?:[^"\\]++|\\.)*+"'''
    r"""|'{3}.*?'{3,5}|'[^']*'"""
    r"""|[^,\]}#\n]*[^,\]}#\s]""",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key_path(path: KeyPath) -> str:
    """Return a key path as people write it: `rules[1].when`, `vars."a b"`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_key_text(part)}" for part in path)
    return "".join(parts).removeprefix(".")


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything in one TOML text stands. `file` is the file as users name it."""

    file: str
    text: str
    keys: dict[KeyPath, tuple[int, int]] = field(repr=False)
    values: dict[KeyPath, tuple[int, int]] = field(repr=False)
    lines: list[int] = field(repr=False)

    @classmethod
    def of(cls, file: str, text: str) -> Places:
        """Scan a valid TOML text."""
        scanner = Scanner(text)
        scanner.run()
        return cls(file, text, scanner.keys, scanner.values, line_starts(text))

    def string(self, path: KeyPath, value: str) -> Location:
        """Return the place of a string whose decoded value is `value`, ready for spans inside it."""
        if path not in self.values:
            return self.value(path)
        start, end = self.values[path]
        quote = 3 if self.text.startswith(('"""', "'''"), start) and end - start >= 6 else 1  # noqa: PLR2004 - `""""""`
        inner = self.text[start + quote : end - quote]
        line, column = self._line_column(start + quote)
        one_line = "\n" not in inner
        verbatim = one_line and inner == value
        return Location(self.file, key_path(path), line, column if one_line else None, text=value, verbatim=verbatim)

    def value(self, path: KeyPath) -> Location:
        """Return the place of a value that is pointed at as a whole; of its key where the value has none."""
        return self._place(path, self.values.get(path) or self.keys.get(path))

    def key(self, path: KeyPath) -> Location:
        """Return the place of a key."""
        return self._place(path, self.keys.get(path) or self.values.get(path))

    def line(self, path: KeyPath) -> int | None:
        """Return the line of a value, None where the text does not have it."""
        found = self.values.get(path) or self.keys.get(path)
        return None if found is None else self._line_column(found[0])[0]

    def _place(self, path: KeyPath, found: tuple[int, int] | None) -> Location:
        if found is None:
            return Location(self.file, key_path(path))
        return point(self.file, self.text, Span(*found), key_path(path), lines=self.lines)

    def _line_column(self, position: int) -> tuple[int, int]:
        line = bisect_right(self.lines, position)
        return line, position - self.lines[line - 1] + 1


def point(file: str, text: str, span: Span, path: str = "", *, lines: list[int] | None = None) -> Location:
    """Return the place of `span` in a file's whole text, shown as its first line with a caret."""
    lines = lines if lines is not None else line_starts(text)
    line = bisect_right(lines, span.start)
    first = lines[line - 1]
    last = lines[line] - 1 if line < len(lines) else len(text)
    shown = Span(span.start - first, min(max(span.end, span.start + 1), max(last, span.start + 1)) - first)
    return Location(file, path, line, shown.start + 1, text=text[first:last], span=shown)


def line_starts(text: str) -> list[int]:
    """Return the offset of every line's first character."""
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _key_text(name: str) -> str:
    return name if _BARE.fullmatch(name) else dumps(name, ensure_ascii=False)


class Scanner:
    """One pass over a text that is valid TOML; `statement` is the key path of the last statement begun."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.keys: dict[KeyPath, tuple[int, int]] = {}
        self.values: dict[KeyPath, tuple[int, int]] = {}
        self.statement: tuple[KeyPath, tuple[int, int]] = ((), (0, 0))
        self._lengths: dict[KeyPath, int] = {}  # of arrays of tables

    def run(self) -> None:
        """Note every key and value."""
        table: KeyPath = ()
        at = self._skip(0)
        while at < len(self.text):
            if self.text[at] == "[":
                table, at = self._header(at)
            else:
                start = at
                path, at = self._key(table, at)
                self.statement = path, (start, at)
                at = self._value(path, self._after_equals(at))
            at = self._skip(at)

    def _header(self, at: int) -> tuple[KeyPath, int]:
        """Read `[a.b]` or `[[a.b]]`; a component that is an array of tables stands for its last member."""
        is_array = self.text.startswith("[[", at)
        start, at = at, self._blank(at + 1 + is_array)
        names, spans, at = self._names(at)
        path: KeyPath = ()
        for place, (name, span) in enumerate(zip(names, spans, strict=True), 1):
            path = (*path, name)
            self.keys.setdefault(path, span)
            if place == len(names):
                self.statement = path, (start, at + 1 + is_array)
            if path in self._lengths and not (is_array and place == len(names)):
                path = (*path, self._lengths[path] - 1)
        if is_array:
            self._lengths[path] = self._lengths.get(path, 0) + 1
            path = (*path, self._lengths[path] - 1)
        at += 1 + is_array
        self.values[path] = start, at
        return path, at

    def _value(self, path: KeyPath, at: int) -> int:
        """Note the value at `at` and all values inside it; return where it ends."""
        open_ones: list[tuple[KeyPath, int]] = []
        members: list[int | None] = []  # next index of an open array, None for an inline table
        while True:
            if self.text[at] in "[{":
                open_ones.append((path, at))
                members.append(0 if self.text[at] == "[" else None)
                at += 1
            else:
                end = self._end_of(_SCALAR, at)
                self.values[path] = at, end
                at = end
            at = self._close(open_ones, members, at)
            if not open_ones:
                return at
            index = members[-1]
            if index is None:
                path, at = self._key(open_ones[-1][0], at)
                at = self._after_equals(at)
            else:
                path, members[-1] = (*open_ones[-1][0], index), index + 1

    def _close(self, open_ones: list[tuple[KeyPath, int]], members: list[int | None], at: int) -> int:
        """Close the arrays and inline tables that end here; return where the next member begins."""
        while open_ones:
            at = self._end_of(_SKIP_COMMAS, at)
            if self.text[at] not in "]}":
                return at
            path, start = open_ones.pop()
            members.pop()
            at += 1
            self.values[path] = start, at
        return at

    def _key(self, table: KeyPath, at: int) -> tuple[KeyPath, int]:
        """Read a key, dotted or not; return its path and where it ends."""
        names, spans, at = self._names(at)
        path = table
        for name, span in zip(names, spans, strict=True):
            path = (*path, name)
            self.keys.setdefault(path, span)
        return path, at

    def _names(self, at: int) -> tuple[list[str], list[tuple[int, int]], int]:
        names: list[str] = []
        spans: list[tuple[int, int]] = []
        while True:
            end = self._end_of(_KEY, at)
            names.append(_decoded(self.text[at:end]))
            spans.append((at, end))
            at = self._blank(end)
            if not self.text.startswith(".", at):
                return names, spans, at
            at = self._blank(at + 1)

    def _after_equals(self, at: int) -> int:
        return self._blank(self._blank(at) + 1)

    def _skip(self, at: int) -> int:
        return self._end_of(_SKIP, at)

    def _blank(self, at: int) -> int:
        return self._end_of(_BLANK, at)

    def _end_of(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self.text, at)
        if found is None:
            raise ValueError(f"no valid TOML at {at}")  # callers have had tomllib accept the text
        return found.end()


def _decoded(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    if key[0] == '"':
        return next(iter(tomllib.loads(f"{key} = 0")))
    return key
