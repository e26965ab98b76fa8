"""What the parts of the workbench ask of each other; the stubs stand behind every part, and hide no action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

if TYPE_CHECKING:
    from qrecipe.tui.session import Session


class Part(Screen[None]):
    """A part of the workbench: the actions of one subject."""

    session: Session

    def show(self, *, every: bool = True) -> None:
        """Show the session everywhere; without `every`, not in the explanation."""
        raise NotImplementedError

    def show_pane(self, name: str) -> None:
        """Go to a pane."""
        raise NotImplementedError

    def hand_over(self, *, leave_form: bool = True) -> bool:
        """Take what was typed and not applied yet; False where it cannot be."""
        raise NotImplementedError

    def take_text(self, text: str) -> None:
        """Take another text."""
        raise NotImplementedError

    async def may_stop(self) -> bool:
        """Say whether no build runs, or a person wants it stopped."""
        raise NotImplementedError
