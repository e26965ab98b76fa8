"""Every tensor in a table, with a filter in the pattern language that answers at each keystroke."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from qrecipe.api.desk_rules import covered
from qrecipe.errors import QrecipeError
from qrecipe.tui.widgets.caret import caret_lines
from qrecipe.tui.widgets.tensor_table import TensorTable
from qrecipe.tui.words import count

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from qrecipe.tui.session import Session


class Tensors(Vertical):
    """The pane."""

    DEFAULT_CSS = """
    Tensors #filter { margin: 0; }
    Tensors #fault { height: auto; max-height: 4; color: $text-error; padding-left: 1; display: none; }
    Tensors.-fault #fault { display: block; }
    Tensors TensorTable { height: 1fr; }
    Tensors #shown { height: 1; background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter"),
        Binding("escape", "leave", "Leave the filter", show=False),
    ]

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._session = session
        self._inside = False

    def compose(self) -> ComposeResult:
        """Lay out."""
        yield Input(placeholder="/ filters by a pattern: blk.{0..3}.ffn_*", id="filter", compact=True)
        yield Static("", id="fault", markup=False)
        yield TensorTable(id="table")
        yield Static("", id="shown", markup=False)

    def show(self) -> None:
        """Show the session's state."""
        table, rows = self.query_one(TensorTable), self._session.rows()
        with table.prevent(TensorTable.Moved):
            table.show(rows.rows, self._session.state.deciding, self._session.marks)
        row = self._session.row()
        if row is not None:
            table.go_to(row)
        self._tell()

    def take_focus(self) -> None:
        """Focus the table."""
        self.screen.set_focus(self.query_one(TensorTable))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter at once; what does not parse leaves the table as it is, with the fault below."""
        event.stop()
        pattern = event.value.strip()
        try:
            only = self._covered(pattern) if pattern else None
        except QrecipeError as error:
            self._fault(caret_lines(error.diagnostics[0], event.value))
            return
        self._fault("")
        self.query_one(TensorTable).filter(only)
        self._tell()

    def _covered(self, pattern: str) -> frozenset[str]:
        """Return what a pattern covers; where that is nothing yet, what has it somewhere in its name."""
        desk = self._session.desk
        found = covered(desk, pattern)
        self._inside = not found
        try:
            return found or covered(desk, f"**{pattern}**")
        except QrecipeError:
            return found

    def on_input_submitted(self) -> None:
        """Go into the table."""
        self.take_focus()

    def _fault(self, words: str) -> None:
        self.set_class(bool(words), "-fault")
        self.query_one("#fault", Static).update(words)

    def _tell(self) -> None:
        table = self.query_one(TensorTable)
        order, shown = table.order, table.visible_count()
        words = f"{shown:,} of {count(len(table.rows), 'tensor')}"
        words += " with this in the name" if self._inside and table.only is not None else ""
        words += f"  s sort: {order.column or 'model order'}"
        words += f"  g group: {order.group or 'none'}" + (f"  * {len(table.marked)} marked" if table.marked else "")
        self.query_one("#shown", Static).update(words)

    @on(TensorTable.Moved)
    def _moved(self) -> None:
        """Tell how the table is sorted."""
        self._tell()

    def action_filter(self) -> None:
        """Type a filter."""
        self.screen.set_focus(self.query_one("#filter", Input))

    async def action_leave(self) -> None:
        """Leave the filter; from the table, clear it; without one, unmark."""
        field = self.query_one("#filter", Input)
        if field.has_focus:
            self.take_focus()
        elif field.value:
            field.value = ""
        else:
            await self.screen.run_action("unmark")
