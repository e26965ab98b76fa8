"""What a thread gives to a screen arrives while the screen is there, and only then."""

import asyncio

from qrecipe.tui.screens.threads import hand_over
from tests.tui.stage import bench, play


def test_what_comes_for_a_screen_that_was_left_is_thrown_away(recipe):
    shown = []

    async def story(pilot):
        left = bench(pilot)
        await asyncio.to_thread(hand_over, left, shown.append, "there")
        await pilot.app.pop_screen()
        await asyncio.to_thread(hand_over, left, shown.append, "left")

    app = play(recipe, story)
    assert shown == ["there"]
    assert not app.is_running


def test_what_comes_when_the_program_has_ended_is_thrown_away(recipe):
    shown = []

    async def story(pilot):
        pilot.app._running = False  # as when it shuts down: its screens still stand
        await asyncio.to_thread(hand_over, bench(pilot), shown.append, "late")
        pilot.app._running = True

    play(recipe, story)
    assert shown == []
