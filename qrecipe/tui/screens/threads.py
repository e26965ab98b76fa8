"""What threads give to the interface: it arrives while its screen is there, and is thrown away afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen


def hand_over(screen: Screen[None], show: Callable[..., object], *args: object) -> None:
    """From a thread: call `show` in the interface's, unless the screen was left or the program ends meanwhile."""
    app = screen.app

    def arrive() -> None:
        if app.is_running and screen in app.screen_stack:
            show(*args)

    app.call_from_thread(arrive)
