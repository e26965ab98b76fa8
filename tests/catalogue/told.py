"""What the tool really said, by code: every row of the tables and of the catalogue's own provocations, run once.

`python -m tests.catalogue.told` prints the rows whose words differ from their table's, as the table would have them:
read them, and put them there if they are right.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import chdir
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qrecipe.errors import Diagnostic, QrecipeError
from tests.catalogue import provoked, tables
from tests.catalogue.tables import Row


@dataclass(frozen=True, slots=True)
class Told:
    """A row and what was said: `words` of each diagnostic, which have to be all that its table `expects`."""

    row: str
    diagnostics: tuple[Diagnostic, ...]
    words: tuple[str, ...]
    expects: str

    @property
    def as_expected(self) -> bool:
        return "\n\n".join(self.words) == self.expects


@dataclass(frozen=True, slots=True)
class Example:
    """A whole text that a table asserts of a code."""

    row: str
    severity: str
    text: str


@cache
def told() -> tuple[Told, ...]:
    """Provoke everything, once."""
    return tuple(_told(row) for row in (*provoked.rows(), *tables.rows()))


@cache
def examples() -> dict[str, list[Example]]:
    """Return what is said under each code, by rows whose words are as their table has them."""
    found: dict[str, list[Example]] = {}
    for each in told():
        for diagnostic, text in zip(each.diagnostics, each.words, strict=True):
            if each.as_expected:
                found.setdefault(diagnostic.code, []).append(Example(each.row, diagnostic.severity, text))
    return found


def _told(row: Row) -> Told:
    with tempfile.TemporaryDirectory() as name, chdir(name):
        folder = str(Path(name).resolve())
        found = tuple(_diagnostics(row))
        words = tuple(_plain(str(diagnostic).replace(folder, "FOLDER")) for diagnostic in found)
        return Told(row.name, found, words, _plain(row.expected))


def _diagnostics(row: Row) -> Iterable[Diagnostic]:
    try:
        found = row.provoke()
    except QrecipeError as error:
        return error.diagnostics
    return [each for each in found if isinstance(each, Diagnostic)] if isinstance(found, Iterable) else ()


def _plain(text: str) -> str:
    """Return the text as tables have it: paths from the working folder, no blanks at the end of a line."""
    text = text.replace("FOLDER/", "")
    return "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))


def main() -> None:
    for each in told():
        if not each.as_expected:
            lines = "\n\n".join(each.words).split("\n")
            print(f"{each.row}: |", *(f"  {line}".rstrip() for line in lines), sep="\n")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
