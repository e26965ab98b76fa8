"""A box to tick whose mark says what it is without colour: `[✓]` or `[ ]`."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox


class Tick(Checkbox):
    """The box."""

    @property
    def _button(self) -> Content:
        return Content("[✓]" if self.value else "[ ]")
