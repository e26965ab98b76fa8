"""A question with a line to type, and a question with buttons. Esc is always the harmless answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label

if TYPE_CHECKING:
    from textual.app import ComposeResult


class AskText(ModalScreen[str | None]):
    """Ask for a line. `refuse(text)` says what is wrong with an answer; empty is fine."""

    DEFAULT_CSS = """
    AskText { align: center middle; }
    AskText > Vertical { width: 70%; max-width: 90;
        height: auto; border: round $primary; background: $surface; padding: 0 1; }
    AskText Label { width: 100%; }
    AskText .hint { color: $text-muted; }
    AskText .fault { color: $text-error; text-style: bold; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(
        self, title: str, *, value: str = "", hint: str = "", refuse: Callable[[str], str] = lambda _: ""
    ) -> None:
        super().__init__()
        self._title, self._value, self._hint, self._refuse = title, value, hint, refuse

    def compose(self) -> ComposeResult:
        """Lay out."""
        with Vertical() as frame:
            frame.border_title = self._title
            yield Input(self._value)
            yield Label(self._hint, classes="hint", markup=False)
            yield Label("", classes="fault", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check while it is typed."""
        self.query_one(".fault", Label).update(self._refuse(event.value) if event.value else "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer."""
        fault = self._refuse(event.value)
        if fault:
            self.query_one(".fault", Label).update(fault)
        else:
            self.dismiss(event.value)


class Choose(ModalScreen[str | None]):
    """Ask which of several things to do; the last one is harmless, and has the focus."""

    DEFAULT_CSS = """
    Choose { align: center middle; }
    Choose > Vertical { width: 72%; max-width: 90;
        height: auto; max-height: 90%; border: round $warning; background: $surface; padding: 0 1; }
    Choose Label { width: 100%; margin-bottom: 1; }
    Choose Horizontal { height: auto; width: 100%; align-horizontal: right; }
    Choose Button { margin-left: 1; min-width: 10; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, question: str, answers: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title, self._question, self._answers = title, question, answers

    def compose(self) -> ComposeResult:
        """Lay out."""
        with Vertical() as frame:
            frame.border_title = self._title
            yield Label(self._question, markup=False)
            with Horizontal():
                for key, label in self._answers:
                    yield Button(
                        label, id=key, compact=True, variant="primary" if key == self._answers[-1][0] else "default"
                    )

    def on_mount(self) -> None:
        """Begin at the harmless answer."""
        self.query(Button).last().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Take the answer."""
        self.dismiss(event.button.id)
