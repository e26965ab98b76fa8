"""`qrecipe tui`, how fast it answers: `python -m benchmarks.tui [--runs N]`.

Measured for the 833 tensors of Gemma 4 31B and for a synthetic model of 10,000, at 120×40, in Textual's headless driver
(the same code but for writing to a terminal):

- start to first screen: from `RecipeApp(…)`, imports done, to the overview painted with all sizes;
- keystroke to sizes: from a key in a rule's type to the totals painted anew, of the letters that are typed.

A first run, which loads what loads late, counts for nothing. In brackets: the process's own work, which a machine that
has other things to do leaves as it is.

Prints Markdown with versions.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, Self

from rich.text import Text
from textual.events import Key

from qrecipe.api import desk as _desk  # noqa: F401 - imports are no part of what is measured
from qrecipe.inventory import compact as _compact  # noqa: F401 - likewise
from qrecipe.tui.app import RecipeApp
from qrecipe.tui.widgets.totals import Totals

RECIPE = """\
qrecipe = 1
name = "mine"
inventory = "{inventory}"
[[rules]]
match = "token_embd"
type = "Q6_K"
[[rules]]
match = "blk.*.ffn_down"
when = "more_bits(layer, n_layers)"
type = "Q6_K"
[[rules]]
match = "**"
type = "Q4_K | Q5_0"
[[targets]]
backend = "gguf"
output = "mine.gguf"
"""
ROLES = (
    *("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"),
    *("attn_norm", "ffn_norm", "scale"),
)
KEYS = {" ": "space", "|": "vertical_line", "Q": "Q", "8": "8", "_": "underscore", "0": "0"}


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args(words).runs
    names = ", ".join(f"{name} {version(name)}" for name in ("qrecipe", "textual"))
    print(f"{names}, Python {platform.python_version()}, {platform.machine()}\n")
    print(
        "| tensors | start to first screen, ms: median, worst (work) | keystroke to sizes, ms: median, worst (work) |"
    )
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for recipe in (small(Path(folder)), large(Path(folder))):
            asyncio.run(once(recipe))
            found = [asyncio.run(once(recipe)) for _ in range(runs)]
            starts = [start for _, start, _ in found]
            keys = [key for _, _, keys in found for key in keys]
            print(f"| {found[0][0]:,} | {told(starts)} | {told(keys)} |")


def told(found: list[Moment]) -> str:
    """Return median and worst by the clock, and the median of the process's own work, in milliseconds."""
    walls, work = [each.wall for each in found], [each.cpu for each in found]
    return f"{1000 * statistics.median(walls):.0f}, {1000 * max(walls):.0f} ({1000 * statistics.median(work):.0f})"


def small(folder: Path) -> Path:
    path = folder / "small.toml"
    path.write_text(RECIPE.format(inventory="lib:gemma-4-31b"))
    return path


def large(folder: Path) -> Path:
    """Write a recipe over a GGUF file of 10,000 tiny tensors."""
    import gguf  # noqa: PLC0415 - only here
    import numpy as np  # noqa: PLC0415 - likewise

    writer = gguf.GGUFWriter(folder / "large.gguf", "llama")
    writer.add_block_count(1000)
    matrix, vector = np.zeros((1, 256), np.float16), np.zeros(256, np.float32)
    writer.add_tensor("token_embd.weight", matrix)
    for layer in range(1000):
        for role in ROLES[:-1] if layer == 0 else ROLES:
            writer.add_tensor(f"blk.{layer}.{role}.weight", vector if role.endswith(("norm", "scale")) else matrix)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    path = folder / "large.toml"
    text = RECIPE.format(inventory="").replace('inventory = ""', 'source = "large.gguf"')
    path.write_text(text)
    return path


class Moment(NamedTuple):
    """A moment, or what passed since one: seconds of the clock, and of this process's work."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Self:
        """Return this one."""
        return cls(time.perf_counter(), time.process_time())


class Watch:
    """Tells when the totals are painted: wraps `Totals.render` for as long as it lives."""

    def __init__(self) -> None:
        self._painted = asyncio.Event()
        self.at, self.cpu, self.words = 0.0, 0.0, ""

    def __enter__(self) -> Self:
        self._render = Totals.render
        watch = self

        def render(totals: Totals) -> Text:
            made = watch._render(totals)
            watch.at, watch.cpu, watch.words = time.perf_counter(), time.process_time(), made.plain
            watch._painted.set()
            return made

        Totals.render = render  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        Totals.render = self._render  # type: ignore[method-assign]

    async def painted(self, since: Moment) -> Moment:
        """Wait until the totals are painted, and return the seconds that it took."""
        async with asyncio.timeout(60):
            while self.at < since.wall or "bytes" not in self.words:
                self._painted.clear()
                await self._painted.wait()
        return Moment(self.at - since.wall, self.cpu - since.cpu)


async def once(recipe: Path) -> tuple[int, Moment, list[Moment]]:
    """Return how many tensors there are, and the seconds of the start and of each keystroke."""
    with Watch() as watch:
        began = Moment.now()
        app = RecipeApp(str(recipe))
        async with app.run_test(size=(120, 40)) as pilot:
            start = await watch.painted(began)
            await pilot.pause()
            await pilot.press("3", "end", "e", "down", "down", "end")
            keys = []
            for letter, key in KEYS.items():
                await pilot.pause()
                pressed = Moment.now()
                app.post_message(Key(key, letter))
                keys.append(await watch.painted(pressed))
            bench = app.workbench()
            return 0 if bench is None else len(bench.session.desk.state.rows()), start, keys


if __name__ == "__main__":
    main(sys.argv[1:])
