"""What one sees while a recipe and its model are opened, which a thread does: a checkpoint may be far away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, LoadingIndicator, Static
from textual.worker import get_current_worker

from qrecipe.api.desk import Desk, open_desk
from qrecipe.api.desk_opening import remember
from qrecipe.errors import QrecipeError
from qrecipe.tui.screens.threads import hand_over
from qrecipe.tui.screens.welcome import Welcome
from qrecipe.tui.screens.workbench import Workbench

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Opening(Screen[None]):
    """The screen."""

    DEFAULT_CSS = """
    Opening { align: center middle; }
    Opening Static { width: auto; max-width: 90%; height: auto; text-align: center; }
    Opening LoadingIndicator { height: 3; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Do not wait"),
        Binding("ctrl+q", "app.quit", "Quit", show=False),
    ]

    class Ready(Message):
        """Another screen comes next."""

        def __init__(self, screen: Screen[None]) -> None:
            super().__init__()
            self.screen = screen

    def __init__(self, reference: str, source: str | None = None) -> None:
        super().__init__()
        self._reference, self._source = reference, source

    def compose(self) -> ComposeResult:
        """Lay out."""
        yield Static(f"opening {self._reference}\nreading headers, no weights", markup=False)
        yield LoadingIndicator()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin."""
        self._open()

    @work(thread=True)
    def _open(self) -> None:
        worker = get_current_worker()
        try:
            desk = open_desk(self._reference, source=self._source)
        except QrecipeError as error:
            self._then(worker.is_cancelled, Welcome(str(error), self._reference))
        except OSError as error:
            self._then(worker.is_cancelled, Welcome(f"{self._reference}: {error.strerror or error}", self._reference))
        else:
            self._remember(desk)
            self._then(worker.is_cancelled, Workbench(desk))

    def _then(self, cancelled: bool, screen: Screen[None]) -> None:
        if not cancelled:
            hand_over(self, self.post_message, self.Ready(screen))

    @staticmethod
    def _remember(desk: Desk) -> None:
        if desk.path is not None:
            remember(Path(desk.path))

    def action_back(self) -> None:
        """Choose something else; what is still read is thrown away."""
        self.workers.cancel_node(self)
        self.post_message(self.Ready(Welcome()))
