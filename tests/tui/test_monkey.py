"""Thousands of random keys and clicks: nothing crashes, and undo gives the first text byte for byte.

QRECIPE_MONKEYS and QRECIPE_MONKEY_KEYS let more of them type for longer.
"""

import os
import tomllib
from random import Random

import pytest

from qrecipe.tui.screens.workbench import Workbench
from tests.tui.stage import RECIPE, bench, play, until

_PLACES = "1 2 3 4 5 f2 f3 f4 f5 f6 a c e d n t b v g s r f x k j space enter escape tab shift+tab up down left right"
_MOVES = "home end pageup pagedown shift+up shift+down shift+left shift+right ctrl+z ctrl+y slash question_mark"
_TYPING = "backspace delete Q full_stop asterisk vertical_line left_curly_bracket 8 0 K w ctrl+p ctrl+@"
_KEYS = tuple(f"{_PLACES} {_MOVES} {_TYPING}".split())
_SIZES = ((80, 24), (120, 40), (200, 60), (60, 15), (80, 24))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(int(os.environ.get("QRECIPE_MONKEYS", "2"))))
def test_random_keys_and_clicks_neither_crash_nor_corrupt(recipe, seed):
    async def story(pilot):
        rng = Random(seed)  # noqa: S311 - a monkey keeps no secrets
        await _play_monkey(pilot, rng, int(os.environ.get("QRECIPE_MONKEY_KEYS", "1000")))
        desk = await _desk_at_rest(pilot)
        if not desk.state.stale:
            tomllib.loads(desk.text)
        last, back = desk.text, 0
        while desk.undo() is not None:
            back += 1
        assert desk.text == RECIPE
        for _ in range(back):  # the monkey may have undone more
            desk.redo()
        assert desk.text == last
        assert recipe.read_text() == RECIPE

    play(recipe, story, size=(80, 24))


async def _play_monkey(pilot, rng, count):
    for step in range(count):
        if step % 97 == 96:
            await pilot.resize_terminal(*rng.choice(_SIZES))
        if rng.random() < 0.12:
            width, height = pilot.app.size
            await pilot.click(offset=(rng.randrange(width), rng.randrange(height)), times=rng.choice((1, 1, 2)))
        else:
            await pilot.press(rng.choice(_KEYS))
        assert pilot.app.is_running


async def _desk_at_rest(pilot):
    await pilot.resize_terminal(120, 40)
    for _ in range(10):
        if not isinstance(pilot.app.screen, Workbench):
            await pilot.press("escape")
    bench(pilot).hand_over()
    await until(pilot, lambda: not bench(pilot).resolving)
    return bench(pilot).session.desk
