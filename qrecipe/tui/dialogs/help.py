"""Every key, by pane. `?` opens it, Esc closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult

_PAGE = """\
Everywhere
  1…6, F2…F7      Overview, Tensors, Rules, Recipe, Compare, Build
  tab, shift+tab  next, previous part
  n               a new rule for the selection, its roles or its layers
  space           mark the tensor for a rule of many; esc unmarks
  t               the next target
  b               a budget for the file
  x               explain panel: larger, smaller
  ctrl+s          save
  ctrl+z, ctrl+y  undo, redo
  ctrl+o          open another recipe
  ctrl+p          commands
  ctrl+q          quit

Overview
  arrows          move; the panel explains the tensor
  shift+arrows    mark a rectangle
  v               histograms instead of the grid, if both have no room
  enter           the tensor in the table
  A cell is the type: Q4_0, Q6_K; I2xx is IQ2_XXS. Its colour is its
  bits per weight.  ! fallback  ≠ differs from the other  * marked

Tensors
  /               filter by a pattern; esc leaves, twice clears
  s, r            sort by the next column, reverse; or click a heading
  g, f            group by role, layer, type, rule; fold all
  enter           fold or open a group

Rules
  a, e, d, c      add, edit, delete, copy
  space           switch off and on
  shift+up, down  move
  enter           in a field: apply and close; esc leaves it as it was
  tab             in a field: take the completion; ctrl+space has all

Recipe            the text; what is wrong stands below, enter goes there
Compare           with a recipe, plan or GGUF; d shows what differs only
Build             a folder, then Build; Cancel leaves nothing behind
"""


class Help(ModalScreen[None]):
    """The page."""

    DEFAULT_CSS = """
    Help { align: center middle; }
    Help > VerticalScroll { width: 92%; max-width: 100; height: auto; max-height: 95%; border: round $primary;
        background: $surface; padding: 0 1; }
    Help Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,q", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """Lay out."""
        with VerticalScroll() as frame:
            frame.border_title = "keys"
            frame.border_subtitle = "esc closes"
            text = Text(_PAGE)
            text.highlight_regex(r"(?m)^[A-Z]\w+", "bold")
            yield Static(text)
