"""The scenes that pictures are taken of. `python -m tests.tui.pictures FOLDER [SCENE…]` writes each as SVG.

The clock plays no part in them, nor does a path of this machine.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from qrecipe.tui.app import RecipeApp
from qrecipe.tui.screens.opening import Opening
from tests.conftest import write_model
from tests.tui.stage import RECIPE, TINY, typed, until

FAULTY = RECIPE.replace('type = "Q6_K | Q8_0"', 'type = "Q6_K | Q8_O"')
UNUSED = RECIPE.replace('match = "blk.*.attn_v"', 'match = "blk.*.attn_z"')
GRID = ("down", "down", "down", "right", "right", "shift+down", "shift+down")
SCENES = {
    "overview": (RECIPE, GRID),
    "histograms": (RECIPE, ("v",)),
    "budget": (RECIPE, ("b", *"18GB", "enter")),
    "tensors": (RECIPE, ("2", "r", "down", "space")),
    "groups": (RECIPE, ("2", "home", "g", "f", "home", "end")),
    "filter": (RECIPE, ("2", "slash", ":blk.{0,", ".5")),
    "rules": (UNUSED, ("3", "down")),
    "rule": (
        RECIPE,
        ("3", "down", "e", "down", "down", "end", "backspace", "backspace", "backspace", "backspace", "Q", ".3"),
    ),
    "fault": (RECIPE, ("3", "down", "e", "down", "down", "end", "x", ".3")),
    "new-rule": (RECIPE, (*GRID, "n")),
    "recipe": (RECIPE, ("4",)),
    "broken": (FAULTY, ()),
    "compare-empty": (RECIPE, ("5",)),
    "compare": (RECIPE, ("5", ":other.toml", "enter", "compared")),
    "build-empty": (RECIPE, ("6",)),
    "build": (TINY, ("6", "enter", "built")),
    "build-refused": (RECIPE, ("6", "enter", "refused")),
    "leave": (RECIPE, ("3", "d", "ctrl+q", ".2")),
    "help": (RECIPE, ("question_mark",)),
    "welcome": (None, ("listed",)),
    "not-there": ("nowhere.toml", ("listed",)),
}
"""Name → the recipe's text (None: no argument; without line ends: a reference), and the keys.

A word that begins with `:` is typed, one with `.` waits so many tenths of a second, others wait for what they name.
"""


def size_of(text):
    """Return `80x24` as numbers."""
    width, height = text.split("x")
    return int(width), int(height)


def arranged(scene, folder, theme):
    """Return the application of a scene, and what brings it there."""
    text, keys = SCENES[scene]
    os.chdir(folder)
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    reference = text
    if text is not None and "\n" in text:
        reference = "mine.toml"
        Path(folder, reference).write_text(text)
    Path(folder, "other.toml").write_text(RECIPE.replace('type = "Q6_K | Q8_0"', 'type = "Q8_0"'))
    write_model(Path(folder, "tiny.gguf"))
    app = RecipeApp(reference)

    async def run_before(pilot):
        app.theme = theme
        await until(pilot, lambda: not isinstance(app.screen, Opening) and len(app.screen_stack) > 1)
        for key in keys:
            await _do(pilot, key)
        app.screen.query("*").first()
        for field in app.screen.query("Input, TextArea"):
            field.cursor_blink = False  # a picture is taken at any moment
        await pilot.pause(0.2)
        for toast in app.screen.query("Toast"):
            await toast.remove()

    return app, run_before


async def _do(pilot, key):
    if key.startswith(":"):
        await typed(pilot, key[1:])
    elif key.startswith("."):
        await asyncio.sleep(float("0" + key))
        await pilot.pause()
    elif key in _WAITS:
        await until(pilot, lambda: _WAITS[key](pilot.app))
    else:
        await pilot.press(key)


_WAITS = {
    "compared": lambda app: "differ" in str(app.screen.query_one("#sum").render()),
    "built": lambda app: "built" in str(app.screen.query_one("#result").render()),
    "refused": lambda app: "error" in str(app.screen.query_one("#result").render()),
    "listed": lambda app: app.screen.query_one("#choices").option_count > 10,
}


def main(folder, *wanted):
    here = Path(folder).absolute()
    here.mkdir(parents=True, exist_ok=True)
    for scene in wanted or SCENES:
        for size in ("80x24", "120x40", "200x60"):
            for theme in ("dark", "light"):
                with tempfile.TemporaryDirectory() as place:
                    _picture(scene, size, theme, Path(place), here)


def _picture(scene, size, theme, place, here):
    app, run_before = arranged(scene, place, f"textual-{theme}")

    async def whole():
        async with app.run_test(size=size_of(size)) as pilot:
            await run_before(pilot)
            (here / f"{scene}-{size}-{theme}.svg").write_text(app.export_screenshot(title="qrecipe"))

    asyncio.run(whole())
    os.chdir(here)


if __name__ == "__main__":
    main(*sys.argv[1:])
