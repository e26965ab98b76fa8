"""A list of lines of which only the visible ones are made: ten thousand scroll like ten.

Subclasses say how many lines there are, how one looks, and what stands above them; this does scrolling, the cursor,
the mouse. Headings stay in place. `Moved` tells where the cursor went, `Chosen` that a line was opened.
"""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Span, Text
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip


class LineView(ScrollView, can_focus=True):
    """Lines with a cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-view--cursor",
        "line-view--heading",
        "line-view--dim",
        "line-view--bad",
        "line-view--warn",
        "line-view--good",
    }
    DEFAULT_CSS = """
    LineView {
        background: $surface;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        &:focus > .line-view--cursor { background: $primary; color: $text; text-style: bold; }
    }
    LineView > .line-view--cursor { background: $panel; color: $foreground; text-style: bold; }
    LineView > .line-view--heading { color: $foreground; background: $panel; text-style: bold; }
    LineView > .line-view--dim { text-style: dim; }
    LineView > .line-view--bad { color: $text-error; text-style: bold; }
    LineView > .line-view--warn { color: $text-warning; text-style: bold; }
    LineView > .line-view--good { color: $text-success; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "first", "First", show=False),
        Binding("end", "last", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]
    cursor: reactive[int] = reactive(0, init=False)
    empty = "nothing here"

    class Moved(Message):
        """The cursor stands on another line."""

        def __init__(self, view: LineView) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> LineView:
            """Where."""
            return self.view

    class Chosen(Message):
        """A line was opened, by Enter or a double click."""

        def __init__(self, view: LineView) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> LineView:
            """Where."""
            return self.view

    def line_count(self) -> int:
        """Return how many lines there are."""
        raise NotImplementedError

    def line(self, index: int) -> Text:
        """Return one line."""
        raise NotImplementedError

    def headings(self) -> list[Text]:
        """Return what stays above the lines."""
        return []

    def line_width(self) -> int:
        """Return the columns that lines need; less than the view's own width scrolls nothing."""
        return 0

    def heading_clicked(self, column: int) -> None:
        """Take a click into a heading."""

    def line_clicked(self, index: int, column: int) -> None:
        """Take a click into a line, once the cursor is there."""

    def rebuilt(self) -> None:
        """Show anew: the lines are others."""
        self._measure()
        self.cursor = max(min(self.cursor, self.line_count() - 1), 0)
        self.refresh()

    def style(self, name: str) -> Style:
        """Return a component's style without its ground, so that the cursor's shows through."""
        found = self.get_component_rich_style(f"line-view--{name}", partial=True)
        if name == "dim":  # as the theme has it the colour would be lost, which is a share of another
            return Style(dim=True)
        return found if name in ("heading", "cursor") else Style(color=found.color, bold=found.bold, dim=found.dim)

    def _measure(self) -> None:
        width = max(self.line_width(), self.scrollable_content_region.width)
        self.virtual_size = Size(width, len(self.headings()) + self.line_count())

    def on_resize(self, _event: Resize) -> None:
        """Fit the lines to the new width."""
        self._measure()
        self.show_cursor()

    def render_line(self, y: int) -> Strip:
        """Make one visible line."""
        headings = self.headings()
        width, left = self.scrollable_content_region.width, self.scroll_offset.x
        if y < len(headings):
            return self._strip(headings[y], left, width, self.style("heading"))
        index = y - len(headings) + self.scroll_offset.y
        if index >= self.line_count():
            text = Text(f" {self.empty}", self.style("dim")) if not self.line_count() and index == 0 else Text("")
            return self._strip(text, 0, width, Style())
        if index == self.cursor:
            return self._strip(_readable(self.line(index)), left, width, self.style("cursor"))
        return self._strip(self.line(index), left, width, Style())

    def _strip(self, text: Text, left: int, width: int, style: Style) -> Strip:
        text.end = ""
        text.no_wrap = True
        ground = self.rich_style + style
        strip = Strip(text.render(self.app.console)).crop_extend(left, left + width, None)
        return strip.apply_style(ground)

    def watch_cursor(self) -> None:
        """Keep the cursor in sight, and tell."""
        self.refresh()
        self.show_cursor()
        self.post_message(self.Moved(self))

    def show_cursor(self) -> None:
        """Scroll to where the cursor is."""
        above = len(self.headings())
        region = Region(self.scroll_offset.x, self.cursor, 1, above + 1)
        self.scroll_to_region(region, animate=False, force=True, x_axis=False)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor = max(0, min(self.cursor + by, self.line_count() - 1))

    def action_page(self, by: int) -> None:
        """Move it by what is visible."""
        self.action_move(by * max(self.scrollable_content_region.height - len(self.headings()) - 1, 1))

    def action_first(self) -> None:
        """Go to the first line."""
        self.cursor = 0

    def action_last(self) -> None:
        """Go to the last."""
        self.cursor = max(self.line_count() - 1, 0)

    def action_choose(self) -> None:
        """Open the line."""
        if self.line_count():
            self.post_message(self.Chosen(self))

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse is; twice opens."""
        row = event.y - self.gutter.top
        column = event.x - self.gutter.left + self.scroll_offset.x
        above = len(self.headings())
        if row < above:
            self.heading_clicked(column)
            return
        index = row - above + self.scroll_offset.y
        if 0 <= index < self.line_count():
            self.cursor = index
            self.line_clicked(index, column)
            if event.chain == 2:  # noqa: PLR2004 - a double click
                self.action_choose()


def _readable(text: Text) -> Text:
    """Return a line for the cursor's ground: colours without a ground of their own were chosen for another one."""
    spans = []
    for start, end, style in text.spans:
        colour = style if isinstance(style, Style) else Style.parse(style)
        spans.append(Span(start, end, colour if colour.bgcolor else Style(bold=colour.bold, dim=colour.dim)))
    text.spans = spans
    return text
