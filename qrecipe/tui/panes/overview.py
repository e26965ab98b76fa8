"""The model at a glance: the grid of layers and roles, and where the bytes are."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from qrecipe.tui.layers import Grid
from qrecipe.tui.palette import BANDS, cell_style
from qrecipe.tui.widgets.histogram import Histogram
from qrecipe.tui.widgets.layer_grid import LayerGrid

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from qrecipe.tui.session import Session

_BOTH = 130  # columns from which grid and histograms stand side by side


class Overview(Vertical):
    """The pane."""

    DEFAULT_CSS = """
    Overview LayerGrid { width: 1fr; height: 1fr; }
    Overview #bars { width: 64; height: 1fr; border-left: solid $panel; background: $surface; display: none; }
    Overview #legend { height: 1; background: $panel; padding: 0 1; }
    Overview.-both #bars { display: block; }
    Overview.-bars LayerGrid { display: none; }
    Overview.-bars #bars { display: block; width: 1fr; border-left: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("v", "bars", "Histograms")]

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._session = session
        self._grid_of: object = None

    def compose(self) -> ComposeResult:
        """Lay out."""
        with Horizontal():
            yield LayerGrid(id="grid")
            with VerticalScroll(id="bars", can_focus=True):
                yield Histogram()
        yield Static(_legend(), id="legend")

    def on_resize(self) -> None:
        """Put both side by side where there is room."""
        both = self.size.width >= _BOTH
        self.set_class(both, "-both")
        if both:
            self.remove_class("-bars")

    def show(self) -> None:
        """Show the session's state."""
        rows = self._session.rows()
        compared = self._session.compared()
        differing = {row.tensor for row in compared.changed} if compared is not None else ()
        grid = self.query_one(LayerGrid)
        with grid.prevent(LayerGrid.Moved):
            grid.show(Grid.of(rows.rows), self._session.marks, differing)
        row = self._session.row()
        if row is not None and not (grid.has_focus and grid.row() is None):  # a person may stand where no tensor is
            grid.go_to(row)
        self.query_one(Histogram).show(rows.rows)

    def take_focus(self) -> None:
        """Focus the grid."""
        self.screen.set_focus(self.query_one("#bars" if self.has_class("-bars") else LayerGrid))

    def action_bars(self) -> None:
        """Show the histograms instead of the grid, or the grid again."""
        if not self.has_class("-both"):
            self.toggle_class("-bars")
            self.take_focus()


def _legend() -> Text:
    text = Text("bits ", no_wrap=True)
    for step, (_, words) in enumerate(BANDS):
        text.append(f" {words} ", cell_style(step))
    return text.append("  ! fell back  ≠ differs  * marked  plain: protected")
