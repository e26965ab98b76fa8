"""Plays a story in the application without a terminal: `play(recipe, story)`; the story gets Textual's pilot."""

import asyncio
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from qrecipe.tui.app import RecipeApp
from qrecipe.tui.screens.opening import Opening
from qrecipe.tui.screens.workbench import Workbench

RECIPE = """\
qrecipe = 1
name = "mine"
description = "a recipe to try things on"
inventory = "lib:gemma-4-31b"

[vars]
small = "Q4_K"               # most of it

# the table is the head too
[[rules]]
match = "token_embd"
type = "Q6_K"
why = "embeddings are the output head too"

[[rules]]
match = "blk.*.attn_v"
type = "Q6_K | Q8_0"

[[rules]]
match = "blk.*.ffn_down"
when = "more_bits(layer, n_layers)"
type = "Q6_K"
why = "as Q4_K_M has it"

[[rules]]
match = "**"
type = "${small}"

[[targets]]
backend = "gguf"
output = "${name}.gguf"
"""
"""Four rules, a variable and comments, over the 833 tensors of an inventory that comes with the tool."""

TINY = """\
qrecipe = 1
name = "tiny"
source = "tiny.gguf"
rules = [{ match = "**", type = "Q8_0" }]
[[targets]]
backend = "gguf"
output = "built.gguf"
"""
"""One rule over a model of `tests.conftest.write_model`."""

Story = Callable[[Pilot[None]], Awaitable[None]]


def play(reference, story: Story, *, size=(120, 40), theme="textual-dark"):
    """Open `reference` and let the story go on from there; return the application."""
    app = RecipeApp(None if reference is None else str(reference))

    async def whole():
        async with app.run_test(size=size, notifications=True) as pilot:
            app.theme = theme
            await until(pilot, lambda: not isinstance(app.screen, Opening) and len(app.screen_stack) > 1)
            await pilot.pause()
            await story(pilot)

    asyncio.run(whole())
    return app


async def until(pilot, fact, seconds=20.0):
    """Wait for what a thread does."""
    for _ in range(int(seconds / 0.02)):
        if fact():
            await pilot.pause()
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came about")


async def typed(pilot, text):
    """Type letters."""
    for letter in text:
        await pilot.press(_NAMES.get(letter, letter))


_NAMES = {
    " ": "space",
    ".": "full_stop",
    "*": "asterisk",
    "|": "vertical_line",
    "_": "underscore",
    "{": "left_curly_bracket",
}
_NAMES |= {"}": "right_curly_bracket", ",": "comma", "/": "slash", "(": "left_parenthesis", "$": "dollar_sign"}


def bench(pilot) -> Workbench:
    """Return the workbench."""
    found = pilot.app.workbench()
    assert found is not None
    return found


def total(pilot):
    """Return the bytes of the tensors that are shown."""
    return bench(pilot).session.state.target().tensor_bytes


def words(pilot, selector):
    """Return what a Static says."""
    return str(pilot.app.screen.query_one(selector).render())
