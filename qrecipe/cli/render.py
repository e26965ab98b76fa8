"""Findings, tables and quantities as text for a terminal. Colour adds nothing that the words do not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qrecipe.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qrecipe.errors import Diagnostic

_ANY = 1_000_000  # columns: a row stays on one line, however long
_STYLES = {"error:": "bold red", "warning:": "bold yellow", "  -->": "cyan", "why:": "dim", "fix:": "green"}


def out() -> Console:
    """Return the console for data. A pipe or a file gets plain text of any width."""
    return _wide(Console(highlight=False, soft_wrap=True))


def err() -> Console:
    """Return the console for talk."""
    return _wide(Console(stderr=True, highlight=False, soft_wrap=True))


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Print findings on stderr, a blank line between them."""
    console = err()
    for index, diagnostic in enumerate(diagnostics):
        if index:
            console.print()
        for line in str(diagnostic).split("\n"):
            console.print(_styled(line))


def table(title: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> Table:
    """Make a plain table; a column is (heading, "left" or "right"). Cells are text, never markup."""
    made = Table(title=Text(printable(title)), title_justify="left", box=None, pad_edge=False, show_edge=False)
    for heading, justify in columns:
        made.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(printable(cell)) for cell in row))
    return made


def count(number: int, noun: str) -> str:
    """Return `1 tensor`, `2 tensors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shape(dimensions: Sequence[int]) -> str:
    """Return `49152 × 576`, outermost first."""
    return " × ".join(map(str, dimensions))


def _styled(line: str) -> Text:
    text = Text(line)
    for start, style in _STYLES.items():
        if line.startswith(start):
            text.stylize(style, 0, len(start))
    return text


def _wide(console: Console) -> Console:
    if not console.is_terminal:
        console.width = _ANY
    return console
