"""What runs in threads: comparing, building, opening; with what goes wrong."""

import threading

import pytest
from textual.widgets import Button, Input

from qrecipe.tui.dialogs.ask import Choose
from qrecipe.tui.panes.build import Build
from qrecipe.tui.panes.compare import Differences
from qrecipe.tui.screens.welcome import Welcome
from tests.conftest import write_model
from tests.tui.stage import RECIPE, TINY, bench, play, typed, until, words


@pytest.fixture
def model(tmp_path):
    write_model(tmp_path / "tiny.gguf")
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


async def begun(pilot, held, monkeypatch):
    """Begin a build that waits for an event after its first step."""
    pane = pilot.app.screen.query_one(Build)
    take = pane.take
    monkeypatch.setattr(pane, "take", lambda event: (take(event), held.wait(10)))
    await pilot.press("6", "enter")
    await until(pilot, lambda: pane.progress.total > 0)


def test_beside_another_recipe_what_differs_stands_out(recipe, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(RECIPE.replace('type = "Q6_K | Q8_0"', 'type = "Q8_0"'))

    async def story(pilot):
        await pilot.press("5")
        await typed(pilot, "other.toml")
        await pilot.press("enter")
        await until(pilot, lambda: "differ" in words(pilot, "#sum"))
        view = pilot.app.screen.query_one(Differences)
        assert view.line_count() == 50
        assert view.line(0).plain.split()[:4] == ["≠", "blk.0.attn_v.weight", "Q6_K", "Q8_0"]
        await pilot.press("d")
        assert view.line_count() == 833
        await pilot.press("1", "home", *["down"] * 3)
        assert "≠" in pilot.app.screen.query_one("#grid").line(3).plain

    play(recipe, story, size=(200, 60))


def test_what_cannot_be_compared_says_why(recipe):
    async def story(pilot):
        await pilot.press("5")
        await typed(pilot, "nowhere.toml")
        await pilot.press("enter")
        await until(pilot, lambda: "nowhere.toml" in words(pilot, "#sum") and "error" in words(pilot, "#sum"))

    play(recipe, story)


def test_what_fails_leaves_no_earlier_table_under_its_name(recipe, tmp_path):
    (tmp_path / "other.toml").write_text(RECIPE.replace('type = "Q6_K | Q8_0"', 'type = "Q8_0"'))

    async def story(pilot):
        await pilot.press("5")
        await typed(pilot, "other.toml")
        await pilot.press("enter")
        await until(pilot, lambda: "differ" in words(pilot, "#sum"))
        assert "the size above counts the padding" in words(pilot, "#sum")
        await pilot.press("slash", "end", "x", "enter")
        await until(pilot, lambda: "other.tomlx" in words(pilot, "#sum") and "reading" not in words(pilot, "#sum"))
        assert pilot.app.screen.query_one(Differences).line_count() == 0
        assert bench(pilot).session.compared() is None

    play(recipe, story)


def test_a_build_shows_its_result_and_can_be_compared_with(model, tmp_path):
    async def story(pilot):
        await pilot.press("6", "enter")
        await until(pilot, lambda: "built gguf" in words(pilot, "#result"))
        assert (tmp_path / "built.gguf").stat().st_size == bench(pilot).session.desk.state.target().file_bytes
        await pilot.press("5")
        await typed(pilot, "built.gguf")
        await pilot.press("enter")
        await until(pilot, lambda: "0 tensors of 12 differ" in words(pilot, "#sum"))

    play(model, story)


def test_an_output_that_exists_is_an_error_in_place(model, tmp_path):
    (tmp_path / "built.gguf").write_bytes(b"mine")

    async def story(pilot):
        await pilot.press("6", "enter")
        await until(pilot, lambda: "exists" in words(pilot, "#result"))
        assert (tmp_path / "built.gguf").read_bytes() == b"mine"
        assert not pilot.app.screen.query_one("#start", Button).disabled
        last = words(pilot, "#result").splitlines()[-1]
        assert last == "here: tick “replace what exists”, or choose another folder above"
        assert words(pilot, "#rate") == "failed"
        assert not pilot.app.screen.query_one("#bar").display
        await pilot.click("#force")
        await pilot.click("#start")
        await until(pilot, lambda: words(pilot, "#rate") == "done")
        assert pilot.app.screen.query_one("#bar").display
        assert (tmp_path / "built.gguf").stat().st_size == bench(pilot).session.desk.state.target().file_bytes

    play(model, story)


def test_cancel_leaves_nothing(model, tmp_path, monkeypatch):
    held = threading.Event()

    async def story(pilot):
        await begun(pilot, held, monkeypatch)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        await pilot.click("#stop")
        await until(pilot, lambda: bench(pilot)._stop)
        held.set()
        await until(pilot, lambda: "cancelled" in words(pilot, "#result"))
        assert words(pilot, "#rate") == "cancelled"
        assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".toml") == ["state", "tiny.gguf"]

    play(model, story)


def test_another_recipe_is_not_opened_over_a_build_unasked(model, monkeypatch):
    held = threading.Event()

    async def story(pilot):
        await begun(pilot, held, monkeypatch)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        await pilot.click("#go")
        held.set()
        await until(pilot, lambda: "built gguf" in words(pilot, "#result"))

    play(model, story)


def test_a_recipe_without_a_checkpoint_says_that_building_needs_one(recipe):
    async def story(pilot):
        await pilot.press("6", "enter")
        await until(pilot, lambda: "error" in words(pilot, "#result"))
        assert words(pilot, "#rate") == "failed"
        assert "here:" not in words(pilot, "#result")

    play(recipe, story)


def test_without_an_argument_there_is_a_list(recipe):
    async def story(pilot):
        choices = pilot.app.screen.query_one("#choices")
        await until(pilot, lambda: choices.option_count > 10)
        names = [choices.get_option_at_index(place).id for place in range(choices.option_count)]
        assert "quickstart" in names
        pilot.app.screen.query_one("#reference", Input).value = str(recipe)
        await pilot.press("slash", "enter")
        await until(pilot, lambda: pilot.app.workbench() is not None)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, Welcome))
        await until(pilot, lambda: pilot.app.screen.query_one("#choices").option_count > 10)
        recent = pilot.app.screen.query_one("#choices").get_option_at_index(1).id
        assert recent == str(recipe)

    play(None, story)


def test_what_cannot_be_opened_comes_back_with_the_reason(tmp_path):
    (tmp_path / "broken.gguf").write_bytes(b"GGUF but not really")

    async def story(pilot):
        assert "error:" in words(pilot, "#fault")
        assert pilot.app.screen.query_one("#reference", Input).value.endswith("broken.gguf")

    play(tmp_path / "broken.gguf", story)


def test_a_checkpoint_begins_a_recipe(tmp_path):
    write_model(tmp_path / "tiny.gguf")

    async def story(pilot):
        assert bench(pilot).session.desk.path is None
        assert bench(pilot).session.desk.state.plan is not None
        assert "no file yet" in words(pilot, "#title")

    play(tmp_path / "tiny.gguf", story)
