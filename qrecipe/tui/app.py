"""The application: which screen is seen, what the command palette has, how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType

from qrecipe.tui.dialogs.help import Help
from qrecipe.tui.dialogs.too_small import HEIGHT, WIDTH, TooSmall
from qrecipe.tui.screens.opening import Opening
from qrecipe.tui.screens.welcome import Welcome
from qrecipe.tui.screens.workbench import Workbench
from qrecipe.tui.widgets.tab_bar import PANES

if TYPE_CHECKING:
    from textual.events import Resize
    from textual.geometry import Size
    from textual.screen import Screen

_PATIENCE = 10.0  # seconds to end in, once a signal has asked for it
_COMMANDS = (
    ("Save", "Write the recipe to its file", "save"),
    ("Save as", "Write the recipe to another file", "save_as"),
    ("Undo", "Go back to the text before the last edit", "undo"),
    ("Redo", "Take back the last undo", "redo"),
    ("Reload", "Take the file's text, which another program changed", "reload"),
    ("New rule for the selection", "For the tensors, their roles, or their layers", "new_rule"),
    ("Budget", "Hold the sizes against a number of bytes", "budget"),
    ("Next target", "Look at the next target of the recipe", "target"),
    ("Explain panel: larger, smaller", "More of why a tensor has its type", "explain"),
    ("Open", "Open another recipe", "open"),
)


class RecipeApp(App[None]):
    """qrecipe in a terminal."""

    TITLE = "qrecipe"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+p", "command_palette", "Commands", show=False),
    ]

    def __init__(self, reference: str | None = None, *, source: str | None = None) -> None:
        super().__init__()
        self._reference, self._source = reference, source

    def on_mount(self) -> None:
        """Open what was asked for, or offer what there is."""
        first = Welcome() if self._reference is None else Opening(self._reference, self._source)
        self.push_screen(first)
        self._end_by_signals()
        self.call_after_refresh(self.fit)

    def _end_by_signals(self) -> None:
        """End when asked to, or when the terminal is gone: a build that runs leaves nothing under a final name."""
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and sys.platform != "win32":
                asyncio.get_running_loop().add_signal_handler(number, self._ended)

    def _ended(self) -> None:
        bench = self.workbench()
        if bench is not None:
            bench.stop_build()
        self.exit(return_code=1)
        # A terminal that is gone takes no farewell, and may keep the driver waiting for ever.
        watchdog = threading.Timer(_PATIENCE, os._exit, (1,))
        watchdog.daemon = True
        watchdog.start()

    def on_resize(self, event: Resize) -> None:
        """Say so where there is too little room."""
        self.fit(event.size)

    def fit(self, size: Size | None = None) -> None:
        """Say so where there is too little room, and no longer where there is enough."""
        width, height = size or self.size
        small = width < WIDTH or height < HEIGHT
        if small and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall())
        elif not small and isinstance(self.screen, TooSmall):
            self.pop_screen()

    def go_on(self, screen: Screen[None]) -> None:
        """Show another screen instead of the one below what is too small."""
        if isinstance(self.screen, TooSmall):
            self.pop_screen()
        self.switch_screen(screen)
        self.call_after_refresh(self.fit)

    def workbench(self) -> Workbench | None:
        """Return the workbench, if a recipe is open."""
        return next((screen for screen in self.screen_stack if isinstance(screen, Workbench)), None)

    def action_help(self) -> None:
        """Show the keys."""
        if not isinstance(self.screen, Help):
            self.push_screen(Help())

    def action_begin(self) -> None:
        """Offer what there is."""
        self.go_on(Welcome())

    def on_welcome_asked(self, message: Welcome.Asked) -> None:
        """Open it."""
        self.go_on(Opening(message.reference))

    def on_opening_ready(self, message: Opening.Ready) -> None:
        """Show what comes after."""
        self.go_on(message.screen)

    async def action_quit(self) -> None:
        """End, unless something would be lost."""
        self._leave()

    @work(exclusive=True, group="quit")
    async def _leave(self) -> None:
        if isinstance(self.screen, TooSmall):
            self.pop_screen()
        bench = self.workbench()
        if bench is None or (self.screen is bench and await bench.may_leave() and await bench.may_stop()):
            self.exit()
        elif self.screen is not bench:
            self.pop_screen()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action by name."""
        if isinstance(screen, Workbench):
            for name in PANES:
                yield SystemCommand(name.capitalize(), "Go to this pane", lambda name=name: screen.show_pane(name))
            for title, words, action in _COMMANDS:
                yield SystemCommand(title, words, lambda action=action: self.call_later(screen.run_action, action))
        yield SystemCommand("Help", "Every key", self.action_help)
        yield SystemCommand("Light or dark", "The other theme", self.action_turn_theme)
        yield SystemCommand("Theme", "Choose one of many", self.action_change_theme)
        yield SystemCommand("Quit", "End", self.action_quit)

    def action_turn_theme(self) -> None:
        """Light instead of dark, or the other way round."""
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"
