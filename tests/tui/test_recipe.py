"""The text: in step with the rules both ways, faults with places, saving, other programs, leaving."""

import threading

import pytest

from qrecipe.api import desk as desk_module
from qrecipe.tui.dialogs.ask import AskText, Choose
from qrecipe.tui.widgets.recipe_editor import RecipeEditor
from tests.conftest import write_model
from tests.tui.stage import RECIPE, TINY, bench, play, typed, until, words


def editor(pilot):
    return pilot.app.screen.query_one(RecipeEditor)


def test_what_is_typed_is_in_the_rules_and_the_other_way_round(recipe):
    async def story(pilot):
        await pilot.press("4")
        editor(pilot).go_to(12, 11)
        await pilot.press("delete", "8")
        await until(pilot, lambda: not bench(pilot).session.desk.saved)
        assert bench(pilot).session.desk.state.rules[0].type.startswith("Q")
        await pilot.press("f4", "home", "d")
        await pilot.press("f5")
        assert "token_embd" not in editor(pilot).text
        assert editor(pilot).text == bench(pilot).session.desk.text

    play(recipe, story)


def test_a_recipe_that_does_not_parse_opens_at_the_error(recipe):
    recipe.write_text(RECIPE.replace('type = "Q6_K | Q8_0"', 'type = "Q6_K | Q8_O"'))

    async def story(pilot):
        assert editor(pilot).has_focus
        assert editor(pilot).cursor_location == (16, 15)
        assert "did you mean 'Q8_0'" in str(pilot.app.screen.query_one("#findings").get_option_at_index(0).prompt)
        await pilot.press("delete", "delete", "delete", "delete")
        await typed(pilot, "Q8_0")
        await until(pilot, lambda: not bench(pilot).session.desk.state.stale)

    play(recipe, story)


def test_undo_and_redo_from_anywhere_to_the_first_byte(recipe):
    async def story(pilot):
        desk = bench(pilot).session.desk
        await pilot.press("3", "d", "c", "shift+down", "space")
        changed = desk.text
        await pilot.press("4")
        await pilot.press(*["ctrl+z"] * 6)
        assert desk.text == RECIPE == editor(pilot).text
        assert desk.saved
        await pilot.press(*["ctrl+y"] * 6)
        assert desk.text == changed

    play(recipe, story)


def test_saving_keeps_comments_and_layout(recipe):
    async def story(pilot):
        await pilot.press("3", "down", "d")
        await pilot.pause()
        assert "not saved" in words(pilot, "#title")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bench(pilot).session.desk.saved)
        assert recipe.read_text() == RECIPE.replace('[[rules]]\nmatch = "blk.*.attn_v"\ntype = "Q6_K | Q8_0"\n\n', "")

    play(recipe, story)


def test_a_shipped_recipe_is_saved_under_a_name_that_is_asked(tmp_path):
    async def story(pilot):
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
        await pilot.press("enter")
        await until(pilot, lambda: bench(pilot).session.desk.saved)
        assert (tmp_path / "bard-q4_0-naive-mine.toml").exists()

    play("bard-q4_0-naive", story)


def test_what_another_program_wrote_is_noticed_and_not_overwritten_unasked(recipe):
    async def story(pilot):
        await pilot.press("3", "d")
        recipe.write_text(RECIPE + "# theirs\n")
        bench(pilot).look_outside()
        assert "was changed by another program" in words(pilot, "#outside")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        await pilot.press("escape")
        assert recipe.read_text() == RECIPE + "# theirs\n"
        mine = bench(pilot).session.desk.text
        await pilot.press("ctrl+r")
        assert bench(pilot).session.desk.text == RECIPE + "# theirs\n"
        await pilot.press("ctrl+z")
        assert bench(pilot).session.desk.text == mine

    play(recipe, story)


@pytest.fixture
def slow_model(tmp_path, monkeypatch):
    """A recipe whose text may name another model, the reading of which waits for an event."""
    for name in ("tiny.gguf", "big.gguf"):
        write_model(tmp_path / name)
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    held, original = threading.Event(), desk_module.materials_of

    def slow(loaded, *more):
        if loaded.source == "big.gguf":
            held.wait(10)
        return original(loaded, *more)

    monkeypatch.setattr(desk_module, "materials_of", slow)
    return path, held


def test_what_is_typed_while_a_model_is_read_is_there_and_saved(slow_model):
    path, held = slow_model

    async def story(pilot):
        await pilot.press("4")
        editor(pilot).go_to(3, 11)
        await pilot.press(*["delete"] * 4)
        await typed(pilot, "big")
        await pilot.press("f2")
        assert "reading the model" in words(pilot, "#title")
        assert "not saved" in words(pilot, "#title")
        await pilot.press("f5")
        assert editor(pilot).text == TINY.replace("tiny.gguf", "big.gguf") == bench(pilot).session.desk.text
        await pilot.press("ctrl+s")
        await until(pilot, lambda: path.read_text() == TINY.replace("tiny.gguf", "big.gguf"))
        held.set()
        await until(pilot, lambda: not bench(pilot).resolving)
        assert "reading" not in words(pilot, "#title")
        assert not bench(pilot).session.desk.state.stale

    play(path, story)


def test_leaving_while_a_model_is_read_asks(slow_model):
    path, held = slow_model

    async def story(pilot):
        await pilot.press("4")
        editor(pilot).go_to(3, 11)
        await pilot.press(*["delete"] * 4)
        await typed(pilot, "big")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        held.set()

    play(path, story)


def test_a_text_that_the_editor_would_not_keep_is_only_shown(recipe):
    text = RECIPE + "# a\u2028b\n"
    recipe.write_bytes(text.encode())

    async def story(pilot):
        await pilot.press("4", "x", "enter")
        assert editor(pilot).read_only
        assert bench(pilot).session.desk.text == text

    play(recipe, story)


def test_a_file_that_vanished_is_written_anew_on_demand(recipe):
    async def story(pilot):
        await pilot.press("3", "d")
        recipe.unlink()
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        await pilot.click("#force")
        await until(pilot, recipe.exists)
        assert recipe.read_text() == bench(pilot).session.desk.text

    play(recipe, story)


@pytest.mark.parametrize(("answer", "kept"), [("#cancel", True), ("#discard", False), ("#save", False)])
def test_leaving_with_changes_asks(recipe, answer, kept):
    async def story(pilot):
        await pilot.press("3", "d", "ctrl+q")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        await pilot.click(answer)
        await pilot.pause(0.2)
        assert pilot.app.is_running is kept or answer != "#cancel"
        assert (recipe.read_text() == RECIPE) is (answer != "#save")

    play(recipe, story)
