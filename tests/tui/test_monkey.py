"""Thousands of random keys and clicks: nothing crashes, and undo gives the first text byte for byte."""

import os
import random
import tomllib

import pytest

from qrecipe.errors import QrecipeError
from qrecipe.tui.screens.workbench import Workbench
from tests.tui.stage import RECIPE, play, until

_KEYS = (
    "1 2 3 4 5 f2 f3 f4 f5 f6 a c e d n t b v g s r f x k j space enter escape tab shift+tab up down left right".split()
)
_KEYS += "home end pageup pagedown shift+up shift+down shift+left shift+right ctrl+z ctrl+y slash question_mark".split()
_KEYS += "backspace delete Q full_stop asterisk vertical_line left_curly_bracket 8 0 K w ctrl+p ctrl+@".split()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(int(os.environ.get("QRECIPE_MONKEYS", "2"))))
def test_random_keys_and_clicks_neither_crash_nor_corrupt(recipe, seed):
    rng = random.Random(seed)
    count = int(os.environ.get("QRECIPE_MONKEY_KEYS", "1000"))

    async def story(pilot):
        for step in range(count):
            if step % 97 == 96:
                await pilot.resize_terminal(*rng.choice([(80, 24), (120, 40), (200, 60), (60, 15), (80, 24)]))
            if rng.random() < 0.12:
                width, height = pilot.app.size
                await pilot.click(offset=(rng.randrange(width), rng.randrange(height)), times=rng.choice((1, 1, 2)))
            else:
                await pilot.press(rng.choice(_KEYS))
            assert pilot.app.is_running
        await pilot.resize_terminal(120, 40)
        for _ in range(10):
            if not isinstance(pilot.app.screen, Workbench):
                await pilot.press("escape")
        desk = pilot.app.workbench().session.desk
        pilot.app.workbench().hand_over()
        await until(pilot, lambda: not pilot.app.workbench().resolving)
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

    try:
        play(recipe, story, size=(80, 24))
    except QrecipeError as error:
        pytest.fail(str(error))
