"""What a terminal shows that is too small for the application; it goes away by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult

WIDTH, HEIGHT = 72, 20


class TooSmall(ModalScreen[None]):
    """Says how large it must be, and how large it is."""

    DEFAULT_CSS = """
    TooSmall { align: center middle; background: $background; }
    TooSmall Static { width: auto; max-width: 100%; height: auto; text-align: center; }
    """

    def compose(self) -> ComposeResult:
        """Lay out."""
        yield Static(self._words(), markup=False)

    def on_resize(self) -> None:
        """Tell the new size."""
        self.query_one(Static).update(self._words())

    def _words(self) -> str:
        size = self.app.size
        return f"this terminal is too small\n{size.width}×{size.height} now, {WIDTH}×{HEIGHT} needed\nctrl+q quits"
