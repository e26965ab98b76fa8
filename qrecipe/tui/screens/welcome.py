"""Where one begins without an argument: recent recipes, the shipped ones, or a path that is typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from qrecipe.api.desk_opening import Shipped, recents, shipped
from qrecipe.tui.screens.threads import hand_over

if TYPE_CHECKING:
    from textual.app import ComposeResult

_NAME = 30


class Welcome(Screen[None]):
    """The screen."""

    DEFAULT_CSS = """
    Welcome #title { height: 1; background: $primary; color: $text; padding: 0 1; }
    Welcome #fault { height: auto; max-height: 10; color: $text-error; padding: 0 1; }
    Welcome #reference { margin: 0 0 1 0; }
    Welcome OptionList { height: 1fr; border: none; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "type", "Type a path"),
        Binding("down", "list", show=False),
        Binding("question_mark,f1", "app.help", "Help"),
        Binding("q,ctrl+q", "app.quit", "Quit"),
    ]

    class Asked(Message):
        """A person wants to open something."""

        def __init__(self, reference: str) -> None:
            super().__init__()
            self.reference = reference

    def __init__(self, fault: str = "", reference: str = "") -> None:
        super().__init__()
        self._fault, self._reference = fault, reference

    def compose(self) -> ComposeResult:
        """Lay out."""
        yield Static("qrecipe  open a recipe, or begin one for a checkpoint", id="title")
        with Vertical():
            yield Input(
                self._reference,
                placeholder="a recipe, a folder, model.gguf, model.safetensors, hf://NAME, pkg:NAME",
                id="reference",
            )
            yield Static(self._fault, id="fault", markup=False)
            yield OptionList(id="choices", compact=True)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Fill the list; focus what is wrong, or the list."""
        self.query_one("#fault").display = bool(self._fault)
        self.query_one("#reference" if self._fault else "#choices").focus()
        self._fill()

    @work(thread=True)
    def _fill(self) -> None:
        hand_over(self, self._filled, recents(), shipped())

    def _filled(self, recent: tuple[Path, ...], known: tuple[Shipped, ...]) -> None:
        choices = self.query_one(OptionList)
        choices.add_option(Option(Text("recent recipes", "bold"), disabled=True))
        if not recent:
            choices.add_option(Option(Text("  none yet: what you save or open stands here", "dim"), disabled=True))
        for path in recent:
            choices.add_option(Option(Text(f"  {path}"), id=str(path)))
        for title, some in (("shipped recipes", False), ("bases, to extend", True)):
            choices.add_option(Option(Text(title, "bold"), disabled=True))
            for each in known:
                if each.base is some:
                    text = Text(f"  {each.name.ljust(_NAME)} ")
                    choices.add_option(Option(text.append(each.description, "dim"), id=each.name))
        choices.action_first()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open it."""
        if event.option.id is not None:
            self._open(event.option.id)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open what was typed."""
        if event.value.strip():
            self._open(event.value.strip())

    def _open(self, reference: str) -> None:
        self.post_message(self.Asked(reference))

    def action_type(self) -> None:
        """Type a path."""
        self.query_one("#reference", Input).focus()

    def action_list(self) -> None:
        """Go into the list."""
        self.query_one(OptionList).focus()
