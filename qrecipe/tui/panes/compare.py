"""The recipe beside another one, a plan, or an artifact: what differs, tensor by tensor and in total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from qrecipe.tui.widgets.line_view import LineView
from qrecipe.tui.words import count, fitted, signed

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from qrecipe.api.desk_compare import Comparison, Difference
    from qrecipe.tui.session import Session

_NONE = "nothing to compare with yet: name a recipe, a plan or a GGUF file above, and press enter"


class Differences(LineView):
    """A line a tensor; those that differ stand out by `≠`, weight and colour."""

    empty = "no comparison yet"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.rows: Sequence[Difference] = ()

    def show(self, rows: Sequence[Difference]) -> None:
        """Show other rows."""
        self.rows = rows
        self.rebuilt()

    def row(self) -> Difference | None:
        """Return the row under the cursor."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def line_count(self) -> int:
        """Return how many there are."""
        return len(self.rows)

    def headings(self) -> list[Text]:
        """Return the names of the columns."""
        name, type_, size = self._widths()
        parts = [fitted("tensor", name), fitted("here", type_), fitted("there", type_)]
        parts += [fitted(title, size, right=True) for title in ("bytes here", "bytes there", "difference")]
        return [Text("  " + " ".join(parts))]

    def line(self, index: int) -> Text:
        """Return one row."""
        row = self.rows[index]
        name, type_, size = self._widths()
        style = self.style("dim") if row.same else Style(bold=True)
        text = Text()
        text.append("  " if row.same else "≠ ", self.style("warn"))
        text.append(fitted(row.tensor, name) + " ", style)
        text.append(fitted(row.type or "–", type_) + " ", style)
        text.append(fitted(row.other_type or "–", type_) + " ", style)
        text.append(fitted(f"{row.nbytes:,}", size, right=True) + " ", style)
        text.append(fitted(f"{row.other_nbytes:,}", size, right=True) + " ", style)
        by = row.nbytes - row.other_nbytes
        text.append(fitted(signed(by), size, right=True), self.style("bad" if by > 0 else "good") if by else style)
        return text

    def _widths(self) -> tuple[int, int, int]:
        room = max(self.scrollable_content_region.width - 2, 70)
        size = 15 if room > 110 else 13  # noqa: PLR2004 - a wide screen has room for gaps
        type_ = 20 if room > 130 else 8  # noqa: PLR2004 - and for arguments of types
        return max(room - 2 * type_ - 3 * size - 5, 12), type_, size


class Compare(Vertical):
    """The pane."""

    DEFAULT_CSS = """
    Compare Differences { height: 1fr; }
    Compare #sum { height: auto; max-height: 6; background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "name", "Compare with"),
        Binding("d", "only", "Only differences"),
    ]

    class Asked(Message):
        """A person wants to compare with something."""

        def __init__(self, reference: str) -> None:
            super().__init__()
            self.reference = reference

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._session = session
        self._all = False

    def compose(self) -> ComposeResult:
        """Lay out."""
        yield Input(placeholder="compare with: a recipe, plan.json, model.gguf", id="other", compact=True)
        yield Differences(id="differences")
        yield Static(_NONE, id="sum", markup=False)

    def suggest(self, known: Sequence[str]) -> None:
        """Suggest these names."""
        self.query_one("#other", Input).suggester = SuggestFromList(known)

    def show(self) -> None:
        """Show the session's comparison."""
        compared = self._session.compared()
        view = self.query_one(Differences)
        rows = () if compared is None else compared.rows if self._all else compared.changed
        view.empty = "no comparison yet" if compared is None else "no tensor differs"
        with view.prevent(Differences.Moved):
            view.show(rows)
        self.query_one("#sum", Static).update(_NONE if compared is None else self._sum(compared))

    def say(self, words: str) -> None:
        """Show what goes on, or what went wrong."""
        self.query_one("#sum", Static).update(words)

    def _sum(self, compared: Comparison) -> str:
        changed = len(compared.changed)
        shown = "all tensors" if self._all else "only these"
        by = compared.nbytes - compared.other_nbytes
        of = f"{count(changed, 'tensor')} of {len(compared.rows):,} differ"
        return (
            f"{compared.target} beside {compared.other}: {of}; d: {shown}\n"
            f"{compared.nbytes:,} bytes of tensors here, {compared.other_nbytes:,} there: {signed(by)}\n"
            "tensors alone: the size above counts the padding between them and the header too"
        )

    def take_focus(self) -> None:
        """Focus the list, or the name where there is no list yet."""
        if self._session.other is None:
            self.screen.set_focus(self.query_one("#other"))
            return
        view = self.query_one(Differences)
        self.screen.set_focus(view)
        view.post_message(Differences.Moved(view))  # what the panel explains is the line under the cursor

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Compare."""
        event.stop()
        if event.value.strip():
            self._session.other = None  # what stands there is no answer to this, which may fail
            self.show()
            self.post_message(self.Asked(event.value.strip()))

    def action_name(self) -> None:
        """Name what to compare with."""
        self.screen.set_focus(self.query_one("#other", Input))

    def action_only(self) -> None:
        """Show only what differs, or everything."""
        self._all = not self._all
        self.show()
