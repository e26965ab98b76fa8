"""The recipe's text, edited in place, and below it everything that is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList, TextArea
from textual.widgets.option_list import Option

from qrecipe.tui.widgets.recipe_editor import RecipeEditor

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from qrecipe.errors import Diagnostic
    from qrecipe.tui.session import Session

_PAUSE = 0.15  # seconds without a keystroke before the text is resolved
_MOST = 50  # findings


class Recipe(Vertical):
    """The pane."""

    DEFAULT_CSS = """
    Recipe #findings { height: auto; max-height: 35%;
        border: none; border-top: solid $panel; padding: 0; display: none; }
    Recipe.-findings #findings { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "screen.pane('overview')", "Panes", key_display="F2…F7"),
        Binding("escape", "findings", "Findings"),
    ]

    class Typed(Message):
        """The text is another one."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._session = session
        self._timer: Timer | None = None
        self._found: tuple[Diagnostic, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out."""
        yield RecipeEditor(id="editor")
        yield OptionList(id="findings", compact=True)

    @property
    def editor(self) -> RecipeEditor:
        """The text area."""
        return self.query_one(RecipeEditor)

    def show(self) -> None:
        """Show the desk's text, unless what was typed is not there yet, and what is wrong with it."""
        state = self._session.desk.state
        if self._timer is None:
            self.editor.load(self._session.desk.text)
        self._found = (*state.errors, *state.warnings)[:_MOST]
        self.set_class(bool(self._found), "-findings")
        findings = self.query_one("#findings", OptionList)
        findings.set_options([Option(_finding(found)) for found in self._found])

    def take_focus(self) -> None:
        """Focus the text."""
        self.editor.focus()
        if self.editor.read_only:
            words = "it mixes line ends, or has separators like U+2028, which this editor would not keep"
            self.notify(words, title="the text can be read here, not edited", severity="warning", timeout=8)

    def go_to_fault(self) -> None:
        """Put the cursor on the first error."""
        errors = self._session.desk.state.errors
        where = errors[0].where if errors else None
        if where is not None:
            self.editor.go_to(where.line, where.column)

    def action_findings(self) -> None:
        """Leave the text for what is wrong with it; from there, for the text."""
        findings = self.query_one("#findings", OptionList)
        (self.editor if findings.has_focus or not self._found else findings).focus()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Wait until nobody types for a moment."""
        event.stop()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.editor.text != self._session.desk.text:
            self._timer = self.set_timer(_PAUSE, self.flush)

    def flush(self) -> None:
        """Hand over what was typed, now."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self.post_message(self.Typed(self.editor.text))

    def pending(self) -> str | None:
        """Return what was typed and not handed over yet, and consider it handed over."""
        if self._timer is None:
            return None
        self._timer.stop()
        self._timer = None
        return self.editor.text

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the place of a finding."""
        event.stop()
        where = self._found[event.option_index].where
        if where is not None:
            self.editor.go_to(where.line, where.column)
            self.editor.focus()


def _finding(found: Diagnostic) -> Text:
    error = found.severity == "error"
    place = f"line {found.where.line}: " if found.where is not None and found.where.line is not None else ""
    text = Text()
    text.append("✗ " if error else "⚠ ", "bold")
    text.append(place)
    text.append(found.what, "bold")
    for words in (found.why, found.fix):
        text.append(f"; {words}" if words else "", "dim")
    return text
