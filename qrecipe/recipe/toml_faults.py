"""tomllib's words → a diagnostic that points at the line, says what is wrong there and what to write instead.

tomllib reports one fault with "(at line 3, column 5)" or "(at end of document)" behind its words. Words that this file
does not know are passed on as they are: a new Python may find new ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from qrecipe.errors import Diagnostic, Location, Span
from qrecipe.recipe.locate import KeyPath, Scanner, key_path, line_starts, point

_PLACE = re.compile(r"(?P<words>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Saying:
    """What tomllib says begins with `words`."""

    words: str
    code: str
    what: str
    why: str
    fix: str


_DUPLICATES = ("Cannot overwrite a value", "Cannot declare", "Cannot mutate immutable", "Cannot redefine", "Duplicate")
_UNCLOSED = _Saying("Unterminated string", "toml-unclosed-string", "a string is not closed", "", "add the final quote")
_SAYINGS = (
    _UNCLOSED,
    _Saying(
        "Illegal character '\\n'",
        "toml-unclosed-string",
        "a string is not closed on its line",
        "only strings in three quotes may go over several lines",
        'add the final quote, or write the string in """…"""',
    ),
    _Saying("Expected \"'''\"", "toml-unclosed-string", "a string is not closed", "", "add the final '''"),
    _Saying('Expected "\'"', "toml-unclosed-string", "a string is not closed", "", "add the final quote"),
    _Saying(
        "Illegal character",
        "toml-control-character",
        "a control character stands in the text",
        "TOML allows none but tab",
        'take it out, or write it as an escape in a string in "…"',
    ),
    _Saying(
        "Unescaped",
        "toml-bad-escape",
        "this backslash begins no escape that TOML knows",
        "in \"…\" a backslash begins an escape; in '…' it is itself",
        "write the string in '…', or double the backslash",
    ),
    _Saying(
        "Invalid hex value",
        "toml-bad-escape",
        "this escape lacks hexadecimal digits",
        "\\u takes four of them, \\U eight",
        "write the string in '…', or complete the escape",
    ),
    _Saying(
        "Escaped character is not",
        "toml-bad-escape",
        "this escape is no character",
        "it is half of a UTF-16 pair",
        "write the character itself",
    ),
    _Saying("Unclosed array", "toml-unclosed-array", "a comma or the array's ']' is missing", "", "add it before this"),
    _Saying(
        "Unclosed inline table",
        "toml-unclosed-table",
        "a comma or the table's '}' is missing",
        "a table in braces stands on one line",
        "add it before this, or write the table as [table] over several lines",
    ),
    _Saying("Expected ']", "toml-unclosed-header", "the table's name is not closed", "", "write [name] or [[name]]"),
    _Saying(
        "Expected '='",
        "toml-no-equals",
        "'=' is missing",
        "a line is key = value, [table], [[table]] or a comment behind #",
        "write key = value",
    ),
    _Saying(
        "Invalid initial character for a key part",
        "toml-bad-key",
        "a key is missing here",
        "in {…} each comma stands between two keys",
        "write key = value, or take out the comma",
    ),
    _Saying(
        "Invalid statement",
        "toml-bad-line",
        "a line cannot begin like this",
        "a line is key = value, [table], [[table]] or a comment behind #",
        "keys are letters, digits, _ and -; write any other in quotes",
    ),
    _Saying(
        "Expected newline",
        "toml-more-text",
        "something stands behind the value",
        "a line holds one key = value",
        'put strings in quotes (in "…" if they hold a \'), comments behind #, and the next key on a line of its own',
    ),
    _Saying(
        "Invalid date",
        "toml-bad-date",
        "this is no date",
        "the calendar has no such day, or the day no such time",
        "correct it, or put it in quotes if it is text",
    ),
)


def syntax_fault(file: str, text: str, error: ValueError) -> Diagnostic:
    """Turn what tomllib raised for `text` into a diagnostic."""
    found = _PLACE.fullmatch(str(error))
    if found is None:
        return _long_integer(file, text)
    position = len(text)
    if found["line"]:
        position = line_starts(text)[int(found["line"]) - 1] + int(found["column"]) - 1
    words = found["words"]
    if words.startswith(_DUPLICATES):
        return _duplicate(file, text, position, words)
    if words.startswith("Invalid value"):
        return _bad_value(file, text, position)
    for saying in _SAYINGS:
        if words.startswith(saying.words):
            where = _where(file, text, position, saying)
            return Diagnostic(saying.code, saying.what, where, saying.why, saying.fix)
    fix = "mend the file; https://toml.io has the language"
    return Diagnostic("toml-syntax", f"the file is no TOML: {words}", _at(file, text, position), fix=fix)


def _where(file: str, text: str, position: int, saying: _Saying) -> Location:
    """Point at the fault; for a string that runs to the end of the file, at where it opens."""
    if saying.code == "toml-unclosed-string" and position >= len(text.rstrip()):
        opening = max(text.rfind('"""'), text.rfind("'''"))
        if saying.words.startswith("Expected \"'''"):
            opening = text.rfind("'''")
        if opening >= 0:
            return point(file, text, Span(opening, opening + 3))
    if saying.code == "toml-bad-escape":
        return point(file, text, Span(text.rfind("\\", 0, position), position))
    return _at(file, text, position)


def _at(file: str, text: str, position: int) -> Location:
    """Point at a character; at the end of the file, behind the last one that is no blank."""
    if position >= len(text):
        position = len(text.rstrip())
    return point(file, text, Span(position, position + 1))


def _bad_value(file: str, text: str, position: int) -> Diagnostic:
    word = re.compile(r"[^\s,\]}#]*").match(text, position)
    found = word[0] if word is not None else ""
    if not found:
        return Diagnostic(
            "toml-no-value", "a value is missing here", _at(file, text, position), fix='write key = "value"'
        )
    where = point(file, text, Span(position, position + len(found)))
    if found.lower() in ("true", "false"):
        return Diagnostic("toml-bad-value", f"{found!r} is no value", where, fix=f"write {found.lower()}")
    return Diagnostic(
        "toml-no-quotes",
        f"{found!r} is no value",
        where,
        why="a value is a string in quotes, a number, true, false, an array […] or a table {…}",
        fix=f'if it is a string, write it in quotes: "{found}"',
    )


def _duplicate(file: str, text: str, position: int, words: str) -> Diagnostic:
    """Point at the second place and name the line of the first; the text before the fault is valid."""
    path, span, earlier = _last_statement(text, _end_of_header(text, position) if "declare" in words else position)
    named = re.search(r"key '(.*)'", words)
    name = named[1] if named is not None else key_path(path)
    where = _at(file, text, max(position - 1, 0)) if span is None else point(file, text, span, key_path(path))
    fix = "take one of them out; for one more rule or target write [[rules]] or [[targets]]"
    if earlier is None and named is None:
        why = "it, or the table that it belongs to, already has its value"
        return Diagnostic("toml-duplicate-key", f"{name!r} cannot be set again", where, why, fix)
    line = "" if earlier is None else f" in line {point(file, text, Span(earlier, earlier)).line}"
    why = f"it already stands{line or ' in this table'}, and TOML has each key and each [table] once"
    return Diagnostic("toml-duplicate-key", f"{name!r} is set twice", where, why, fix)


def _end_of_header(text: str, position: int) -> int:
    """Return where the [table] or [[table]] ends in whose name the fault stands."""
    close = text.find("]", position)
    return position if close < 0 else close + (2 if text.startswith("]]", close) else 1)


def _last_statement(text: str, end: int) -> tuple[KeyPath, Span | None, int | None]:
    """Return the key path, the span and the first place of the statement that the text up to `end` closes with."""
    scanner = Scanner(text[:end])
    try:
        scanner.run()
    except (ValueError, IndexError):  # cut off within an inline table
        return (), None, None
    path, span = scanner.statement
    first = scanner.keys.get(path)
    return path, Span(*span), first[0] if first is not None and first[0] < span[0] else None


def _long_integer(file: str, text: str) -> Diagnostic:
    found = re.search(r"\d{4000,}", text)
    where = Location(file) if found is None else point(file, text, Span(found.start(), found.start() + 20))
    return Diagnostic("toml-long-integer", "an integer is too long", where, fix="integers have 64 bits")
