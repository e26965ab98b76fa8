"""A text area that knows recipes: TOML's parts, variables, and keys in colour. No parser package is needed for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.style import Style
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = re.compile(
    r"(?P<comment>\#.*)"
    r"|(?P<table>^\s*\[\[?[^\]\"']*\]?\])"
    r"|(?P<key>[A-Za-z_][\w.-]*(?=\s*=))"
    r"|(?P<string>\"(?:\\.|[^\"\\])*\"?|'[^']*'?)"
    r"|(?P<number>\b(?:true|false|[+-]?\d[\d_.]*)\b)"
)
_VARIABLE = re.compile(r"\$\{[^}\"]*\}?")
_DARK = {"comment": "#8b949e italic", "table": "#e3b341 bold", "key": "#79c0ff", "string": "#a5d6a7"}
_DARK |= {"number": "#ffab70", "variable": "#d2a8ff bold"}
_LIGHT = {"comment": "#57606a italic", "table": "#7a4100 bold", "key": "#0550ae", "string": "#0a5c2b"}
_LIGHT |= {"number": "#953800", "variable": "#6639ba bold"}


class RecipeEditor(TextArea):
    """The recipe's text."""

    DEFAULT_CSS = """
    RecipeEditor { border: none; padding: 0; height: 1fr; }
    RecipeEditor:focus { border: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__("", show_line_numbers=True, soft_wrap=False, compact=True, id=id)
        for name, colours in (("recipe-dark", _DARK), ("recipe-light", _LIGHT)):
            self.register_theme(
                TextAreaTheme(name, syntax_styles={part: Style.parse(style) for part, style in colours.items()})
            )

    def on_mount(self) -> None:
        """Follow the application's theme."""
        self._follow()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._follow())

    def _follow(self) -> None:
        self.theme = "recipe-dark" if self.app.current_theme.dark else "recipe-light"

    def _build_highlight_map(self) -> None:
        """Colour every line (the hook where TextArea asks tree-sitter; offsets are in bytes)."""
        super()._build_highlight_map()
        for row in range(self.document.line_count):
            self._highlights[row] = list(_highlights(self.document.get_line(row)))

    def load(self, text: str) -> None:
        """Show another text; the cursor and the lines in sight stay, as far as they can.

        One whose line ends or separators a text area would change is shown, and cannot be edited here.
        """
        if text != self.text:
            cursor, offset = self.cursor_location, self.scroll_offset
            with self.prevent(TextArea.Changed):
                self.load_text(text)
            self.read_only = self.text != text
            row = min(cursor[0], self.document.line_count - 1)
            self.move_cursor((row, min(cursor[1], len(self.document.get_line(row)))))
            self.scroll_to(offset.x, offset.y, animate=False)

    def go_to(self, line: int | None, column: int | None) -> None:
        """Put the cursor on a place, counted from 1."""
        if line is not None:
            row = min(line, self.document.line_count) - 1
            self.move_cursor((row, min((column or 1) - 1, len(self.document.get_line(row)))), center=True)


def _highlights(line: str) -> Iterator[tuple[int, int, str]]:
    """Yield (first byte, byte behind the last, part) of a line."""
    for found in _PARTS.finditer(line):
        part = found.lastgroup or ""
        yield *_in_bytes(line, *found.span()), part
        if part == "string":
            for inside in _VARIABLE.finditer(line, *found.span()):
                yield *_in_bytes(line, *inside.span()), "variable"


def _in_bytes(line: str, start: int, end: int) -> tuple[int, int]:
    first = len(line[:start].encode("utf-8", "replace"))
    return first, first + len(line[start:end].encode("utf-8", "replace"))
