"""Whether a pre-tokenizer's regular expression is sure to be quick: Oniguruma tries every way in which it may match.

A plain one has no references, no repetition of what varies by itself, and in each alternative at most two repetitions
without an end: then a text of n characters takes n³ steps at most, and n is a few hundred. Those of published
tokenizers that llama.cpp knows are such. Nothing is said of any other: it may be quick or take days.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 4096  # characters
_ENDLESS_MOST = 2
_CHOICES_MOST = 8  # of how often something that ends is repeated; each may double the ways
_ATOM = re.compile(
    r"\\[pPx]\{[^}]*\}|\\.|\[(?:\\.|\[(?:\\.|[^\]\\])*+\]|[^\]\\])*+\]|.",
    re.DOTALL,
)
_TIMES = re.compile(r"(?:([*+])|(\?)|\{(\d{0,3})(?:(,)(\d{0,3}))?\})([+?]?)")
_CALLS = re.compile(r"\\[1-9kg]|\(\?(?:[R&(~|@x]|<[^=!]|')")  # references, recursion, names, conditions, comments


@dataclass(slots=True)
class _Branch:
    """An alternative: repetitions without an end, choices of those with one, and the most of either in any before."""

    endless: int = 0
    choices: int = 0
    endless_before: int = 0
    choices_before: int = 0

    @property
    def varies(self) -> bool:
        return bool(self.endless or self.choices or self.endless_before or self.choices_before)

    @property
    def is_slow(self) -> bool:
        return self.endless > _ENDLESS_MOST or self.choices > _CHOICES_MOST

    def other(self) -> _Branch:
        """Return the alternative that follows."""
        return _Branch(0, 0, max(self.endless_before, self.endless), max(self.choices_before, self.choices))

    def add(self, group: _Branch) -> None:
        """Count what a group in it may cost."""
        self.endless += max(group.endless, group.endless_before)
        self.choices += max(group.choices, group.choices_before)


def repeats(expression: str) -> int | None:
    """Return how many repetitions without an end there are; None for an expression that is not plain."""
    if len(expression) > _LONGEST or _CALLS.search(expression):
        return None
    total, at, outer, branch = 0, 0, list[_Branch](), _Branch()
    while at < len(expression):
        text, at = _atom(expression, at)
        if text in ("[", "{"):  # a class that does not end, a number beyond belief
            return None
        if text == "(":
            outer.append(branch)
            branch = _Branch()
            continue
        branch, group = _after(text, branch, outer)
        endless = branch.endless
        if times := _TIMES.match(expression, at):
            at = times.end()
            if not _count(times, branch, group) or _TIMES.match(expression, at):
                return None
        if branch.is_slow:
            return None
        total += branch.endless - endless
    return total


def _after(text: str, branch: _Branch, outer: list[_Branch]) -> tuple[_Branch, _Branch | None]:
    """Return the alternative that goes on behind an atom, and the group that the atom ends."""
    if text == ")" and outer:
        outer[-1].add(branch)
        return outer.pop(), branch
    return (branch.other() if text == "|" else branch), None


def _atom(expression: str, at: int) -> tuple[str, int]:
    found = _ATOM.match(expression, at)
    assert found is not None  # noqa: S101 - a dot takes any character
    return found[0], found.end()


def _count(times: re.Match[str], branch: _Branch, group: _Branch | None) -> bool:
    """Count a repetition; false where it repeats what varies, or is repeated itself."""
    endless, optional, least, comma, most, lazy = times.groups()
    if optional:
        branch.choices += 1
        return True
    if (group is not None and group.varies) or (lazy == "+" and not endless):
        return False
    if endless or (comma and not most):
        branch.endless += 1
    elif comma:
        branch.choices += int(most) - int(least or 0)
    elif group is not None:
        branch.choices += int(least or 0)
    return True
