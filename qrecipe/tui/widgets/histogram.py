"""Bytes by type and by role, as bars with figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from qrecipe.tui.palette import band, bar_style
from qrecipe.tui.table import bytes_by
from qrecipe.tui.words import fitted
from qrecipe.types.quantity import size

if TYPE_CHECKING:
    from qrecipe.api.desk_view import Row

_LABEL = 20
_EIGHTHS = " ▏▎▍▌▋▊▉█"


class Histogram(Static, can_focus=False):
    """Two charts, one above the other."""

    DEFAULT_CSS = "Histogram { height: auto; padding: 0 1; background: $surface; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self._rows = rows
        self.refresh(layout=True)

    def render(self) -> Text:
        """Return both charts."""
        if not self._rows:
            return Text("nothing to show")
        by_type = self._chart("bytes by type", lambda row: row.type)
        return Text("\n\n").join([by_type, self._chart("bytes by role", lambda row: row.role)])

    def _chart(self, title: str, key: Callable[[Row], str]) -> Text:
        entries = bytes_by(self._rows, key)
        total = max(sum(nbytes for _, _, nbytes, _ in entries), 1)
        room = max(self.size.width - _LABEL - 20, 5)
        text = Text(title, "bold", no_wrap=True)
        most = max(1, *(nbytes for _, _, nbytes, _ in entries))
        for name, _, nbytes, bits in entries:
            style = bar_style(band(bits), dark=self.app.current_theme.dark)
            text.append(f"\n{fitted(name, _LABEL)} ", "not bold")
            text.append(_bar(nbytes / most, room), style)
            text.append(f" {size(nbytes):>9} {nbytes / total:>6.1%}", "not bold")
        return text


def _bar(share: float, room: int) -> str:
    eighths = max(round(share * room * 8), 1)
    bar = _EIGHTHS[8] * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
    return bar.ljust(room)
