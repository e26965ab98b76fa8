"""Every tensor in a line: sorted, filtered and grouped as a person likes. Only visible lines are made."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from qrecipe.tui import table
from qrecipe.tui.palette import band, cell_style
from qrecipe.tui.table import Group, Line, Order
from qrecipe.tui.widgets.line_view import LineView
from qrecipe.tui.words import count, fitted, shape, short_type
from qrecipe.types.quantity import size

if TYPE_CHECKING:
    from qrecipe.api.desk_view import Row, RuleLine

_WIDTHS = {"name": 34, "shape": 16, "type": 18, "bits": 6, "bytes": 15, "share": 7, "rule": 26}
_NARROW = {"name": 26, "shape": 11, "type": 6, "bits": 5, "bytes": 13, "rule": 7}
_RIGHT = ("bits", "bytes", "share")
_WIDE_FROM = 118


class TensorTable(LineView):
    """The table."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "Sort", show=False),
        Binding("r", "turn", "Reverse", show=False),
        Binding("g", "group", "Group", show=False),
        Binding("f", "fold", "Fold", show=False),
    ]
    empty = "no tensor is covered by this pattern"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        self.rules: Sequence[RuleLine] = ()
        self.order = Order()
        self.only: Collection[str] | None = None
        self.marked: Collection[str] = ()
        self._lines: tuple[Line, ...] = ()

    def show(self, rows: Sequence[Row], rules: Sequence[RuleLine], marked: Collection[str]) -> None:
        """Show other rows; the cursor stays on its tensor."""
        kept = self.row()
        self.rows, self.rules, self.marked = rows, rules, marked
        self._arrange(kept)

    def filter(self, only: Collection[str] | None) -> None:
        """Show tensors of these names alone; all of them with None."""
        kept = self.row()
        self.only = only
        self._arrange(kept)

    def row(self) -> Row | None:
        """Return the row under the cursor; None on a group's heading."""
        if not 0 <= self.cursor < len(self._lines):
            return None
        line = self._lines[self.cursor]
        return self.rows[line] if isinstance(line, int) and line < len(self.rows) else None

    def members(self) -> tuple[str, ...]:
        """Return the names under the cursor: one, or all of a group."""
        line = self._lines[self.cursor] if self.cursor < len(self._lines) else None
        if not isinstance(line, Group):
            row = self.row()
            return () if row is None else (row.name,)
        key, group = line.key, self.order.group
        shown = (row for row in self.rows if self.only is None or row.name in self.only)
        return tuple(row.name for row in shown if table.group_key(row, group, self.rules) == key)

    def go_to(self, row: Row) -> None:
        """Put the cursor on a tensor, if it is shown."""
        places = {self.rows[line].name: at for at, line in enumerate(self._lines) if isinstance(line, int)}
        if row.name in places:
            with self.prevent(self.Moved):
                self.cursor = places[row.name]

    def visible_count(self) -> int:
        """Return how many tensors the filter lets through."""
        return len(self.rows) if self.only is None else sum(1 for row in self.rows if row.name in self.only)

    def _arrange(self, kept: Row | None) -> None:
        self._lines = table.lines(self.rows, self.order, self.rules, self.only)
        self.rebuilt()
        if kept is not None:
            self.go_to(kept)

    def line_count(self) -> int:
        """Return rows and headings of groups."""
        return len(self._lines)

    def headings(self) -> list[Text]:
        """Return the names of the columns, with an arrow at the one that sorts."""
        arrow = "▼" if self.order.descending else "▲"
        text = Text("  ")
        for name, width in self._widths().items():
            title = f"{name} {arrow}" if name == self.order.column else name
            text.append(fitted(title, width, right=name in _RIGHT) + self._gap)
        return [text]

    def line(self, index: int) -> Text:
        """Return a row, or a group's heading."""
        line = self._lines[index]
        return self._group(line) if isinstance(line, Group) else self._row(self.rows[line])

    def _row(self, row: Row) -> Text:
        widths = self._widths()
        type_ = f"{row.type} kept" if row.keep and row.protected is None else row.type
        name = row.name
        if self._narrow:
            name, type_ = name.removesuffix(".weight"), short_type(row.type)
        shown = {
            "name": name,
            "shape": shape(row.shape),
            "type": f" {type_}",
            "bits": f"{row.bits:.2f}",
            "bytes": f"{row.nbytes:,}",
            "share": f"{row.share:.1%}",
            "rule": table.rule_name(self.rules, row),
        }
        text = Text()
        text.append("*" if row.name in self.marked else " ", self.style("warn"))
        text.append("!" if row.fell_back else " ", self.style("warn"))
        quiet = self.style("dim") if row.protected is not None else None
        for column, width in widths.items():
            style = quiet or (cell_style(band(row.bits)) if column == "type" else None)
            text.append(fitted(shown[column], width, right=column in _RIGHT), style)
            text.append(self._gap)
        return text

    def _group(self, group: Group) -> Text:
        sign = "▸" if group.folded else "▾"
        sums = f"{count(group.count, 'tensor')}  {size(group.nbytes)}  {group.bits:.2f} b/w  {group.share:.1%}"
        return Text.assemble((f"{sign} {group.key}  ", "bold"), (sums, self.style("dim")))

    @property
    def _narrow(self) -> bool:
        return self.scrollable_content_region.width < _WIDE_FROM

    @property
    def _gap(self) -> str:
        return " " if self._narrow else "  "

    def _widths(self) -> dict[str, int]:
        room = self.scrollable_content_region.width
        widths = dict(_NARROW if self._narrow else _WIDTHS)
        spare = room - 2 - sum(widths.values()) - len(self._gap) * len(widths)
        if spare > 0:
            widths["name"] += spare // 2
            widths["rule"] += spare - spare // 2
        elif spare < 0:
            widths["name"] = max(widths["name"] + spare, 12)
        return widths

    def line_width(self) -> int:
        """Return what all columns need."""
        widths = self._widths()
        return 2 + sum(widths.values()) + len(self._gap) * len(widths)

    def heading_clicked(self, column: int) -> None:
        """Sort by the column under the mouse."""
        edge = 2
        for name, width in self._widths().items():
            edge += width + len(self._gap)
            if column < edge:
                self._reorder(self.order.sorted_by(name))
                return

    def action_sort(self) -> None:
        """Sort by the next column."""
        order = ("", *table.COLUMNS)
        following = order[(order.index(self.order.column) + 1) % len(order)]
        self._reorder(
            Order(group=self.order.group).sorted_by(following) if following else Order(group=self.order.group)
        )

    def action_turn(self) -> None:
        """Sort the other way round."""
        self._reorder(Order(self.order.column or "bytes", not self.order.descending, self.order.group))

    def action_group(self) -> None:
        """Group by the next thing."""
        self._reorder(self.order.grouped())

    def action_fold(self) -> None:
        """Fold all groups, or unfold them."""
        if self.order.group:
            keys = {table.group_key(row, self.order.group, self.rules) for row in self.rows}
            self._reorder(self.order.fold(keys))

    def action_choose(self) -> None:
        """Fold or unfold the group; open the tensor."""
        line = self._lines[self.cursor] if self.cursor < len(self._lines) else None
        if isinstance(line, Group):
            self._reorder(self.order.fold([line.key]))
        else:
            super().action_choose()

    def _reorder(self, order: Order) -> None:
        kept, at = self.row(), self.cursor
        self.order = order
        self._arrange(kept)
        if kept is None:
            self.cursor = min(at, max(self.line_count() - 1, 0))
