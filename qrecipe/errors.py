"""Words for users: where something is wrong, what it is, why, and what to do about it.

A `Diagnostic` is data. It is raised inside a `QrecipeError` where the fact is known, located where the text is known,
and rendered at the edge (`str()` gives the plain text; the command line adds colour). Nothing here knows terminals,
files or any other layer. Control characters of untrusted text are never put out raw, and a phrase that untrusted text
makes endless is cropped in its middle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

Severity = Literal["error", "warning"]
"""Whether a finding stops what was asked for."""
_WINDOW = 100  # most characters of a line that a message shows
_PHRASE = 1500  # of what, why and fix: the longest lists of names that we write come near a thousand
_PLACE = 500  # of a file's name, and of a key path


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a string: offsets `start` and `end` in characters from 0, the end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Location:
    """Where a fault is; `str()` is what stands behind the arrow.

    Attributes:
        file: As users name it; empty for what is in no file.
        key_path: The TOML key (`rules[1].when`), or what else narrows the place (`byte 24`, a tensor).
        line: From 1.
        column: From 1, in characters.
        text: The string that `span` points into: a whole line of the file, or one TOML string, decoded.
        span: The faulty piece of `text`.
        verbatim: The file holds `text` letter for letter from (`line`, `column`) on, so a column inside it is known;
            without that, a narrower place is shown by its caret alone: never a wrong column.

    >>> where = Location("mix.toml", "rules[0].type", line=9, column=9, text="Q4_K | Q5_O", verbatim=True)
    >>> str(where.at(Span(7, 11)))
    'mix.toml:9:16, rules[0].type'
    """

    file: str = ""
    key_path: str = ""
    line: int | None = None
    column: int | None = None
    text: str | None = None
    span: Span | None = None
    verbatim: bool = False

    def at(self, span: Span) -> Self:
        """Return the place of `span` in `text`; may be called once on a location whose span is not yet set."""
        column = self.column
        if self.span is None and span.start:
            column = column + span.start if column is not None and self.verbatim else None
        return replace(self, span=span, column=column)

    def whole(self) -> Self:
        """Return the place of all of `text`, if there is any."""
        return self.at(Span(0, len(self.text))) if self.text and self.span is None else self

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part not in ("", None))
        return ", ".join(_cropped(part, _PLACE) for part in (place, self.key_path) if part)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding; `str()` is what a person should read. Phrases have no final stop.

    Attributes:
        code: Its stable name, to be compared with; the words may change.
        what: What is wrong.
        where: The place, if it has one.
        why: Why that is wrong.
        fix: What to do.
        severity: Warnings stop nothing.

    >>> where = Location("mix.toml", "rules[0].type", line=9, column=9, text="Q4_K | Q5_O", verbatim=True)
    >>> where = where.at(Span(7, 11))
    >>> print(Diagnostic("unknown-type", "unknown type 'Q5_O'", where, fix="did you mean 'Q5_0'?"))
    error: unknown type 'Q5_O'
      --> mix.toml:9:16, rules[0].type
       | Q4_K | Q5_O
       |        ~~~^
    fix: did you mean 'Q5_0'?
    """

    code: str
    what: str
    where: Location | None = None
    why: str = ""
    fix: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        lines = [f"{self.severity}: {_cropped(self.what, _PHRASE)}"]
        if self.where is not None and (place := str(self.where)):
            lines.append(f"  --> {place}")
        if self.where is not None and self.where.text is not None and self.where.span is not None:
            lines += [f"   | {line}" for line in _pointer(self.where.text, self.where.span)]
        phrases = (("why", self.why), ("fix", self.fix))
        lines += [f"{label}: {_cropped(text, _PHRASE)}" for label, text in phrases if text]
        return "\n".join(lines)


class QrecipeError(Exception):
    """The input is at fault: `diagnostics` holds the errors, one or more; `str()` is what a person should read."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(*diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return "\n\n".join(str(diagnostic) for diagnostic in self.diagnostics)


class RecipeError(QrecipeError):
    """A recipe does not parse, or does not mean anything for this model."""


class SourceError(QrecipeError):
    """A checkpoint, an inventory or an imatrix file cannot be found, read or believed."""


class SourceAbsentError(SourceError):
    """A checkpoint is not at hand (not there, no network, no leave): while planning, an inventory may stand in."""


class PlanError(QrecipeError):
    """A recipe and a checkpoint do not go together."""


class BuildError(QrecipeError):
    """A build cannot start, or stopped; nothing is left under a final name."""


class PluginError(QrecipeError):
    """A plug-in is missing, broken, or claims what another one has."""


def printable(text: str) -> str:
    r"""Return `text` with control characters (escapes, line breaks, bidi marks) written as `\x1b`, `\u202e`."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _cropped(text: str, most: int) -> str:
    """Return `text` fit to print; of a long one the first two thirds of `most` characters, and the end."""
    return printable(text if len(text) <= most else f"{text[: most * 2 // 3]}…{text[-most // 3 :]}")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", errors="backslashreplace").decode("ascii")


def _pointer(text: str, span: Span) -> tuple[str, str]:
    """Return the line of `text` that holds `span` (cropped where it is long) and a line with `~~^` under the span."""
    first = text.rfind("\n", 0, span.start) + 1
    last = text.find("\n", first)
    line = text[first : last if last >= 0 else len(text)]
    start, end = span.start - first, min(max(span.end - first, span.start - first + 1), len(line) + 1)
    cut = max(0, start - _WINDOW // 2) if len(line) > _WINDOW else 0
    shown = line[cut : cut + _WINDOW]
    left = "…" if cut else ""
    right = "…" if cut + _WINDOW < len(line) else ""
    before = left + printable(shown[: start - cut])
    marked = printable(shown[start - cut : end - cut])
    marks = "~" * (max(len(marked), 1) - 1) + "^"
    return left + printable(shown) + right, " " * len(before) + marks
