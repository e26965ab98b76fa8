"""What a glob consists of, its variables put in: five kinds of pieces, frozen and equal by value.

`*`, `**` are runs of characters of a class, `?` is one character of a class; a range stands for its numbers in decimal.
A `Glob` covers a name when its pieces, one after the other, cover all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from qrecipe.errors import Location


@dataclass(frozen=True, slots=True)
class Text:
    """These characters."""

    text: str


@dataclass(frozen=True, slots=True)
class CharClass:
    """One character inside any of `ranges` (both ends count), or outside all of them if `negated`."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def __contains__(self, character: str) -> bool:
        return any(first <= character <= last for first, last in self.ranges) is not self.negated


@dataclass(frozen=True, slots=True)
class Run:
    """Any number of characters of a class, none included."""

    of: CharClass


@dataclass(frozen=True, slots=True)
class Range:
    """A number from `low` to `high`, without an end if that is None; decimal, no leading zeros."""

    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of `options`. `places` says where each is written and is no part of the value."""

    options: tuple[Glob, ...]
    places: tuple[Location, ...] = field(default=(), compare=False)


Piece = Text | CharClass | Run | Range | Alternatives
Glob = tuple[Piece, ...]

ANY = CharClass((), negated=True)
NOT_DOT = CharClass(((".", "."),), negated=True)
DIGIT = CharClass((("0", "9"),))


def decimal_globs(low: int, high: int | None) -> tuple[Glob, ...]:
    """Return globs, as few as need be, that cover the decimal numbers from `low` to `high` and nothing else."""
    globs: list[Glob] = []
    last_width = len(str(low if high is None else high))
    for width in range(len(str(low)), last_width + 1):
        first = max(low, 10 ** (width - 1) if width > 1 else 0)
        last = 10**width - 1 if high is None else min(high, 10**width - 1)
        globs += _same_width(str(first), str(last))
    if high is None:
        globs.append((_digit("1", "9"), *[DIGIT] * last_width, Run(DIGIT)))
    return tuple(globs)


def _same_width(first: str, last: str) -> list[Glob]:
    """Cut a range of numbers of equal width so that digits are free of each other: 15..34 → 1[5-9], 2[0-9], 3[0-4]."""
    if not first:
        return [()]
    head, rest, end, tail = first[0], first[1:], last[0], last[1:]
    if head == end:
        return [(_digit(head, head), *glob) for glob in _same_width(rest, tail)]
    before: list[Glob] = []
    after: list[Glob] = []
    nines = "9" * len(rest)
    zeros = "0" * len(rest)
    if rest != zeros:
        before = [(_digit(head, head), *glob) for glob in _same_width(rest, nines)]
        head = chr(ord(head) + 1)
    if tail != nines:
        after = [(_digit(end, end), *glob) for glob in _same_width(zeros, tail)]
        end = chr(ord(end) - 1)
    between: list[Glob] = [(_digit(head, end), *[DIGIT] * len(rest))] if head <= end else []
    return before + between + after


def _digit(first: str, last: str) -> CharClass | Text:
    return Text(first) if first == last else CharClass(((first, last),))
