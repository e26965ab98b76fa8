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
  1…6, F2…F7      a pane: Overview, Tensors, Rules, Recipe, Compare, Build
  tab, shift+tab  next, previous part
  n               new rule for what is selected (tensors, their roles, their layers)
  space           mark the tensor: a new rule is for all that are marked; esc unmarks
  t               the next target      b  a budget for the file      x  larger explain panel
  ctrl+s          save                 ctrl+z, ctrl+y  undo, redo
  ctrl+o          open another recipe  ctrl+p  commands  ctrl+q  quit

Overview
  arrows          move; the panel explains the tensor      shift+arrows  mark a rectangle
  v               histograms instead of the grid, where there is no room for both
  enter           the tensor in the table
  letters         are the type: Q4_0, Q6_K; I2xx is IQ2_XXS. Colours are bits per weight
  ! fallback: the shape did not fit   ≠ differs from what is compared   * marked

Tensors
  /               filter by a pattern of the recipe language; esc leaves, twice clears
  s, r            sort by the next column, reverse; or click a heading
  g, f            group by role, layer, type, rule; fold all        enter  fold, open

Rules
  a, e, d, c      add, edit, delete, duplicate (an inherited rule: as an own one)
  space           switch off and on     shift+up, shift+down  move
  in a field      down and up choose a completion, tab takes it, ctrl+space shows all
  enter           apply and close       esc  leave the field as it was

Recipe           the text itself; what is wrong stands below, enter goes there
Compare          a recipe, a plan or a GGUF file; d shows only what differs
Build            a folder, then Build; Cancel leaves nothing under a final name
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
