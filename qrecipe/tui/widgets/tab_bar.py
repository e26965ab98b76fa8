"""The panes by name and number, in one line; a click or the number goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.events import Click

PANES = ("overview", "tensors", "rules", "recipe", "compare", "build")


class TabBar(Widget):
    """One line of names; the current one is marked by brackets too."""

    DEFAULT_CSS = """
    TabBar { height: 1; background: $panel; color: $foreground; }
    """
    current: reactive[str] = reactive(PANES[0])
    faults: reactive[int] = reactive(0)

    class Picked(Message):
        """A name was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def _labels(self) -> list[tuple[str, str]]:
        made = []
        for number, name in enumerate(PANES, 1):
            fault = f" ✗{self.faults}" if name == "recipe" and self.faults else ""
            label = f"{number} {name.capitalize()}{fault}"
            made.append((name, f"[{label}]" if name == self.current else f" {label} "))
        return made

    def render(self) -> Text:
        """Return the line."""
        text = Text(no_wrap=True)
        for name, label in self._labels():
            text.append(label, "bold reverse" if name == self.current else "")
        return text

    def on_click(self, event: Click) -> None:
        """Find what was clicked."""
        edge = 0
        for name, label in self._labels():
            edge += len(label)
            if event.x < edge:
                self.post_message(self.Picked(name))
                return
