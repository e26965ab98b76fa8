"""The application in a real terminal, which tmux is, and in a browser's place: what a person would see."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tui.stage import RECIPE

QRECIPE = f"{sys.executable} -m qrecipe tui"
BYTES = "18,813,157,248 bytes"
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")


@contextmanager
def terminal(words, folder, *, width=100, height=30, **environment):
    """Yield a function that asks tmux; its terminal runs the words and says when they have ended."""
    server = f"qrecipe-{os.getpid()}"

    def tmux(*asked):
        return subprocess.run(
            ["tmux", "-L", server, *asked], capture_output=True, text=True, cwd=folder, check=False
        ).stdout

    clean = "env -u COLUMNS -u LINES"  # the tests' own, which would stand for the terminal's size
    given = " ".join(f"{name}={value}" for name, value in environment.items())
    tmux("new-session", "-d", "-x", str(width), "-y", str(height), f"{clean} {given} {words}; echo status $?; sleep 60")
    try:
        yield tmux
    finally:
        tmux("kill-server")


def seen(tmux, words, seconds=60.0):
    """Wait until the screen has these words, and return it."""
    screen = ""
    for _ in range(int(seconds / 0.2)):
        screen = tmux("capture-pane", "-p")
        if words in screen:
            return screen
        time.sleep(0.2)
    raise AssertionError(f"never saw {words!r}:\n{screen}")


@pytest.mark.slow
@needs_tmux
def test_a_rule_is_changed_and_saved_in_a_terminal(recipe):
    with terminal(f"{QRECIPE} {recipe.name}", recipe.parent) as tmux:
        assert "0 Q4_K Q4_K Q6_K" in seen(tmux, BYTES)
        tmux("send-keys", "3")
        seen(tmux, "[3 Rules]")
        tmux("send-keys", "Down", "e")
        seen(tmux, "enter applies")
        for keys in ("Down", "Down", "C-u"):
            tmux("send-keys", keys)
        seen(tmux, "unexpected end in a chain")
        tmux("send-keys", "Q5_K")
        tmux("send-keys", "Enter")
        seen(tmux, "not saved")
        tmux("send-keys", "C-s")
        seen(tmux, "mine.toml  target")
        tmux("send-keys", "C-q")
        seen(tmux, "status 0")
    assert recipe.read_text() == RECIPE.replace('"Q6_K | Q8_0"', '"Q5_K"')


@pytest.mark.slow
@needs_tmux
def test_nothing_is_told_by_colour_alone_and_a_small_terminal_is_told(recipe):
    with terminal(f"{QRECIPE} {recipe.name}", recipe.parent, NO_COLOR=1) as tmux:
        seen(tmux, BYTES)
        coloured = re.findall(r"\x1b\[[0-9;]*[34]8;2;(\d+);(\d+);(\d+)", tmux("capture-pane", "-p", "-e"))
        assert all(red == green == blue for red, green, blue in coloured)
        tmux("resize-window", "-x", "40", "-y", "10")
        assert "72×20 needed" in seen(tmux, "this terminal is too small")
        tmux("resize-window", "-x", "80", "-y", "24")
        seen(tmux, BYTES)


@pytest.mark.slow
@needs_tmux
def test_a_file_that_is_no_recipe_ends_in_the_list_and_not_in_a_traceback(recipe):
    recipe.write_bytes(b"\xff\xfe")
    with terminal(f"{QRECIPE} {recipe.name}", recipe.parent) as tmux:
        seen(tmux, "UTF-8")
        assert "Traceback" not in tmux("capture-pane", "-p")


@pytest.mark.slow
@needs_tmux
@pytest.mark.parametrize("ending", ["the terminal goes", "SIGTERM"])
def test_it_ends_when_asked_to_and_with_its_terminal(recipe, ending):
    words = f"sh -c 'echo $$ > pid; exec {QRECIPE} {recipe.name}'"
    with terminal(words, recipe.parent) as tmux:
        seen(tmux, BYTES)
        number = int((recipe.parent / "pid").read_text())
        if ending == "SIGTERM":
            os.kill(number, signal.SIGTERM)
            seen(tmux, "status 1")
        else:
            tmux("kill-server")
        for _ in range(200):
            if not runs(number):
                return
            time.sleep(0.2)
    raise AssertionError("it runs on")


def runs(number):
    try:
        status = Path(f"/proc/{number}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
def test_a_browser_is_served(recipe):
    pytest.importorskip("textual_serve")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    words = [*QRECIPE.split(), "--serve", "--port", str(port), recipe.name]
    with subprocess.Popen(words, cwd=recipe.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            assert asyncio.run(asyncio.wait_for(_browsed(port, BYTES.encode()), 90))
        finally:
            server.terminate()


async def _browsed(port, words):
    """Say whether what a browser would be sent has the words."""
    import aiohttp  # noqa: PLC0415 - textual-serve brings it

    async with aiohttp.ClientSession() as client:
        while True:
            try:
                page = await (await client.get(f"http://localhost:{port}/")).text()
                break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.2)
        address = re.search(r'data-session-websocket-url="([^"]*)"', page)[1]
        sent = b""
        async with client.ws_connect(f"{address}?width=100&height=30") as stream:
            await stream.send_str(json.dumps(["resize", {"width": 100, "height": 30}]))
            async for message in stream:
                sent += message.data if isinstance(message.data, bytes) else message.data.encode()
                if words in sent:
                    return True
    return False
