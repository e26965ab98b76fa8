"""Why the selected tensor has its type, in the words of `qrecipe explain`. It is always there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from qrecipe.errors import QrecipeError

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from qrecipe.tui.session import Session

_PAUSE = 0.04  # seconds that the cursor must rest: a held arrow key explains nothing on its way
_NOTHING = "no tensor is selected: move to one, or click it"


class Explain(VerticalScroll, can_focus=True):
    """The panel."""

    DEFAULT_CSS = """
    Explain {
        background: $surface; border: round $panel-lighten-2; border-title-color: $foreground; padding: 0 1;
        &:focus { border: round $primary; }
    }
    Explain > Static { width: 100%; height: auto; }
    """

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._session = session
        self._waiting = False
        self._told: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out."""
        yield Static(_NOTHING, markup=False)

    def on_mount(self) -> None:
        """Say what this is."""
        self.border_title = "explain"

    def show(self) -> None:
        """Explain the session's tensor, soon."""
        if not self._waiting:
            self._waiting = True
            self.set_timer(_PAUSE, self._tell)

    def _tell(self) -> None:
        self._waiting = False
        session = self._session
        key = (session.desk.state, session.tensor, session.target)
        if self._told and key[0] is self._told[0] and key[1:] == self._told[1:]:
            return
        self._told = key
        self.border_title = f"explain {session.tensor or ''}".rstrip()
        self.query_one(Static).update(self._text())
        self.scroll_home(animate=False)

    def _text(self) -> Text:
        session = self._session
        if session.tensor is None or session.row() is None:
            return Text(_NOTHING, "dim")
        try:
            words = session.desk.explain(session.tensor, session.target or None)
        except QrecipeError as error:
            words = str(error)
        text = Text(words)
        text.highlight_regex(r"(?m)^(?:\s*)(?:rule|passed over|facts|why|fallback|protected|chain)\b[^:\n]*:?", "bold")
        return text
