"""The grid of layers and roles: a cell has its type's letters on a ground by bits per weight.

`!` behind a cell: its shape pushed it along the chain. `≠`: it differs from what is compared. `*`: it is marked.
Tensors that are protected have no ground. Shift and the arrows mark a rectangle.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from qrecipe.tui.layers import Grid
from qrecipe.tui.palette import band, cell_style
from qrecipe.tui.widgets.line_view import LineView
from qrecipe.tui.words import heading_words, short_type
from qrecipe.types.quantity import size

if TYPE_CHECKING:
    from qrecipe.api.desk_view import Row

_LABEL, _CELL = 6, 5  # columns of a layer's number, and of a cell with the mark behind it
_HEADINGS = 4


class LayerGrid(LineView):
    """Cells with a cursor in two directions."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "across(-1)", "Left", show=False),
        Binding("right,l", "across(1)", "Right", show=False),
        Binding("shift+up", "stretch(-1, 0)", "Mark up", show=False),
        Binding("shift+down", "stretch(1, 0)", "Mark down", show=False),
        Binding("shift+left", "stretch(0, -1)", "Mark left", show=False),
        Binding("shift+right", "stretch(0, 1)", "Mark right", show=False),
    ]
    column: reactive[int] = reactive(0, init=False)
    empty = "no tensors: the recipe cannot be resolved yet"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.grid = Grid((), (), (), {})
        self.marked: Collection[str] = ()
        self.differing: Collection[str] = ()
        self._anchor: tuple[int, int] | None = None

    def show(self, grid: Grid, marked: Collection[str], differing: Collection[str]) -> None:
        """Show another grid; the cursor stays where it is."""
        if (len(grid.single), grid.layers, grid.roles) != (len(self.grid.single), self.grid.layers, self.grid.roles):
            self.forget()
        self.grid, self.marked, self.differing = grid, marked, differing
        self.column = max(min(self.column, len(grid.roles) - 1), 0)
        self.rebuilt()

    def go_to(self, row: Row) -> None:
        """Put the cursor on a tensor; where it is there already, a rectangle goes on."""
        here = self.row()
        if here is not None and here.name == row.name:
            return
        self.forget()
        line, column = self.grid.place(row)
        with self.prevent(self.Moved):
            self.cursor, self.column = line, column

    def forget(self) -> None:
        """Forget where a rectangle began: the next one begins at the cursor."""
        self._anchor = None

    def row(self) -> Row | None:
        """Return the tensor under the cursor."""
        return self.grid.at(self.cursor, self.column)

    def line_count(self) -> int:
        """Return tensors outside of layers, and layers."""
        return len(self.grid.single) + len(self.grid.layers)

    def line_width(self) -> int:
        """Return what all columns need."""
        return _LABEL + _CELL * len(self.grid.roles)

    def headings(self) -> list[Text]:
        """Return the roles, a word above the other."""
        words = [heading_words(role) for role in self.grid.roles]
        depth = min(max(map(len, words), default=0), _HEADINGS)
        padded = [("",) * (depth - len(each)) + each[:depth] for each in words]
        made = []
        for level in range(depth):
            text = Text("layer".ljust(_LABEL) if level == depth - 1 else " " * _LABEL)
            for column, each in enumerate(padded):
                text.append(each[level].ljust(_CELL - 1), Style(reverse=column == self.column))
                text.append(" ")
            made.append(text)
        return made

    def line(self, index: int) -> Text:
        """Return a layer's cells, or a tensor outside of layers."""
        if index < len(self.grid.single):
            row = self.grid.single[index]
            text = Text(" " * _LABEL)
            self._cell(text, row, here=index == self.cursor)
            return text.append(f" {row.name}  {size(row.nbytes)}")
        text = Text(f"{self.grid.layers[index - len(self.grid.single)]:>{_LABEL - 1}} ")
        for column in range(len(self.grid.roles)):
            self._cell(text, self.grid.at(index, column), here=(index, column) == (self.cursor, self.column))
        return text

    def _cell(self, text: Text, row: Row | None, *, here: bool) -> None:
        if row is None:
            text.append(" ·· " if here else " ·  ", self.style("cursor") if here else self.style("dim"))
            text.append(" ")
            return
        style = cell_style(band(row.bits)) if row.protected is None else self.style("dim")
        text.append(short_type(row.type).ljust(4), style + Style(reverse=True, bold=True) if here else style)
        text.append(self._mark(row), self.style("warn"))

    def _mark(self, row: Row) -> str:
        if row.name in self.marked:
            return "*"
        if row.name in self.differing:
            return "≠"
        return "!" if row.fell_back else " "

    def watch_column(self) -> None:
        """Keep the column in sight, and tell."""
        left = max(_LABEL + self.column * _CELL, 0)
        view, offset = self.scrollable_content_region.width, self.scroll_offset.x
        if left + _CELL > offset + view:
            self.scroll_to(x=left + _CELL - view, animate=False)
        elif left - _LABEL < offset:
            self.scroll_to(x=left - _LABEL if self.column else 0, animate=False)
        self.refresh()
        self.post_message(self.Moved(self))

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.forget()
        super().action_move(by)

    def action_first(self) -> None:
        """Go to the first line."""
        self.forget()
        super().action_first()

    def action_last(self) -> None:
        """Go to the last."""
        self.forget()
        super().action_last()

    def action_across(self, by: int) -> None:
        """Move to another role."""
        self.forget()
        self.column = max(0, min(self.column + by, len(self.grid.roles) - 1))

    def action_stretch(self, down: int, across: int) -> None:
        """Move, and mark the rectangle from where this began."""
        self._anchor = self._anchor or (self.cursor, self.column)
        self.cursor = max(0, min(self.cursor + down, self.line_count() - 1))
        self.column = max(0, min(self.column + across, len(self.grid.roles) - 1))
        rows = range(min(self._anchor[0], self.cursor), max(self._anchor[0], self.cursor) + 1)
        columns = range(min(self._anchor[1], self.column), max(self._anchor[1], self.column) + 1)
        self.post_message(self.Stretched(self.grid.names(rows, columns)))

    def line_clicked(self, index: int, column: int) -> None:
        """Go to the cell under the mouse."""
        self.forget()
        if index >= len(self.grid.single):
            self.column = max(0, min((column - _LABEL) // _CELL, len(self.grid.roles) - 1))

    def heading_clicked(self, column: int) -> None:
        """Go to a role."""
        self.forget()
        self.column = max(0, min((column - _LABEL) // _CELL, len(self.grid.roles) - 1))

    class Stretched(Message):
        """A rectangle was marked."""

        def __init__(self, names: tuple[str, ...]) -> None:
            super().__init__()
            self.names = names
