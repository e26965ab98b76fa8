"""The grid, the totals, the histograms, the explanation: by keys and by mouse."""

from dataclasses import replace

from textual.widgets import Input

from qrecipe.tui.dialogs.too_small import TooSmall
from qrecipe.tui.screens.workbench import Workbench
from qrecipe.tui.widgets.explain import Explain
from qrecipe.tui.widgets.histogram import Histogram
from qrecipe.tui.widgets.layer_grid import LayerGrid
from qrecipe.tui.widgets.tab_bar import TabBar
from qrecipe.tui.widgets.totals import Totals
from tests.tui.stage import RECIPE, bench, play, typed, until


def totals(pilot):
    return pilot.app.screen.query_one(Totals).render().plain


def test_totals_are_those_of_the_plan_to_the_byte(recipe):
    async def story(pilot):
        target = bench(pilot).session.desk.state.target()
        assert f"{target.tensor_bytes:,} bytes + header" in totals(pilot)
        assert f"{target.bits_per_weight:.2f} b/w" in totals(pilot)
        assert "30.6% of source" in totals(pilot)

    play(recipe, story)


def test_moving_in_the_grid_explains_the_tensor(recipe):
    async def story(pilot):
        await pilot.press("down", "down", "down", "right", "right")
        await pilot.pause(0.1)
        assert bench(pilot).session.tensor == "blk.0.attn_v.weight"
        panel = pilot.app.screen.query_one(Explain)
        assert panel.border_title == "explain blk.0.attn_v.weight"
        said = str(panel.query_one("Static").render())
        assert said == bench(pilot).session.desk.explain("blk.0.attn_v.weight", "gguf")

    play(recipe, story)


def test_a_click_goes_to_the_cell_under_the_mouse(recipe):
    async def story(pilot):
        grid = pilot.app.screen.query_one(LayerGrid)
        await pilot.click(LayerGrid, offset=(6 + 5 * 6 + 1, len(grid.headings()) + 3 + 4))
        assert bench(pilot).session.tensor == "blk.4.ffn_down.weight"

    play(recipe, story)


def test_every_cell_has_letters_and_fallbacks_a_mark(tmp_path, recipe):
    recipe.write_text(recipe.read_text().replace('"Q6_K | Q8_0"', '"IQ4_XS | Q8_0"'))

    async def story(pilot):
        line = pilot.app.screen.query_one(LayerGrid).line(3).plain
        assert line.split()[:8] == ["0", "Q4_K", "Q4_K", "I4xs", "Q4_K", "Q4_K", "Q4_K", "Q6_K"]

    play(recipe, story)


def test_shift_and_arrows_mark_a_rectangle_and_n_makes_a_rule_of_it(recipe):
    async def story(pilot):
        await pilot.press("down", "down", "down", "shift+down", "shift+right")
        names = ["blk.0.attn_k.weight", "blk.0.attn_q.weight", "blk.1.attn_k.weight", "blk.1.attn_q.weight"]
        assert sorted(bench(pilot).session.marks) == names
        await pilot.press("n")
        await pilot.pause()
        await pilot.press("left", "enter")
        await pilot.pause()
        assert pilot.app.screen.query_one("#field-match", Input).value == "blk.{0..1}.{attn_k,attn_q}"
        await typed(pilot, " | Q8_0")
        await pilot.press("enter")
        await pilot.pause()
        assert bench(pilot).session.desk.state.rules[0].hits == {"gguf": 4}

    play(recipe, story)


def test_a_rectangle_begins_where_the_cursor_went_since(recipe):
    async def story(pilot):
        grid = pilot.app.screen.query_one(LayerGrid)
        await pilot.press("down", "down", "down", "shift+down", "shift+down", "shift+right")
        assert len(bench(pilot).session.marks) == 6
        await pilot.press("escape", *["down"] * 4, "right", "right", "shift+down")
        names = {f"blk.{layer}.{grid.grid.roles[3]}.weight" for layer in (6, 7)}
        assert bench(pilot).session.marks == names
        for away in ("pageup", "home", "end", "left"):
            await pilot.press(away, "shift+up")
            assert len(bench(pilot).session.marks) == min(grid.cursor + 1, 2), away

    play(recipe, story)


def test_a_rectangle_begins_anew_once_nothing_is_marked(recipe):
    async def story(pilot):
        await pilot.press("down", "down", "down", "shift+down", "shift+down", "escape", "shift+down")
        assert bench(pilot).session.marks == {f"blk.{layer}.attn_q.weight" for layer in (2, 3)}

    play(recipe, story)


def test_a_rectangle_goes_on_over_a_place_without_a_tensor(recipe):
    async def story(pilot):
        grid = pilot.app.screen.query_one(LayerGrid)
        hole = next(i for i in range(3, 60) if grid.grid.at(i, grid.grid.roles.index("attn_v")) is None)
        grid.cursor, grid.column = hole - 1, grid.grid.roles.index("attn_v")
        await pilot.press("shift+down", "shift+down")
        assert (grid.cursor, len(bench(pilot).session.marks)) == (hole + 1, 2)

    play(recipe, story)


def test_a_budget_is_held_against_the_file(recipe):
    async def story(pilot):
        await pilot.press("b")
        await pilot.pause()
        await typed(pilot, "much")
        await pilot.press("enter")
        assert "no size" in str(pilot.app.screen.query_one(".fault").render())
        await pilot.press(*["backspace"] * 4)
        await typed(pilot, "18 GB")
        await pilot.press("enter")
        await pilot.pause()
        assert "OVER 18.0 GB by 813," in totals(pilot)

    play(recipe, story)


def test_a_budget_is_rounded_where_its_digits_have_no_room(recipe):
    async def story(pilot):
        bench(pilot).session.budget = 18_000_000_000
        bench(pilot).show()
        await pilot.pause()
        assert "OVER 18.0 GB by 813." in totals(pilot)
        assert " MB" in totals(pilot)
        assert "…" not in totals(pilot)

    recipe.write_text(recipe.read_text().replace('backend = "gguf"', 'backend = "gguf"\nname = "a-target-with-name"'))
    play(recipe, story, size=(80, 24))


TWO = (
    'qrecipe = 1\nname = "c"\ninventory = "lib:gemma-4-31b"\nrules = [{ match = "**", type = "Q8_0" }]\n'
    '[[targets]]\nbackend = "gguf"\nname = "gguf"\noutput = "one.gguf"\n'
    '[[targets]]\nbackend = "gguf"\nname = "other"\noutput = "two.gguf"\n'
)


def test_a_trial_without_the_chosen_target_leaves_it_chosen(tmp_path):
    async def story(pilot):
        await pilot.press("t")
        session = bench(pilot).session
        state = session.desk.state
        session.trial = replace(state, plan=replace(state.plan, targets=state.plan.targets[:1]))
        bench(pilot).show()
        assert (session.target, session.rows().target) == ("gguf", "gguf")
        assert totals(pilot).startswith("▶ gguf")
        session.trial = None
        bench(pilot).show()
        assert (session.target, session.rows().target) == ("other", "other")

    recipe = tmp_path / "two.toml"
    recipe.write_text(TWO)
    play(recipe, story)


def test_targets_are_looked_at_in_turn(tmp_path):
    async def story(pilot):
        assert totals(pilot).startswith("▶ gguf")
        await pilot.press("t")
        assert bench(pilot).session.target == "other"
        await pilot.click(Totals, offset=(4, 0))
        assert bench(pilot).session.target == "gguf"

    recipe = tmp_path / "two.toml"
    recipe.write_text(TWO)
    play(recipe, story)


def test_histograms_take_the_place_of_the_grid_where_there_is_no_room(recipe):
    async def story(pilot):
        assert not pilot.app.screen.query_one(Histogram).region
        await pilot.press("v")
        await pilot.pause()
        assert "Q4_K" in pilot.app.screen.query_one(Histogram).render().plain
        assert pilot.app.screen.query_one(Histogram).region

    play(recipe, story, size=(80, 24))


def test_panes_by_number_function_key_and_mouse(recipe):
    async def story(pilot):
        bar = pilot.app.screen.query_one(TabBar)
        for number, name in enumerate(("overview", "tensors", "rules", "recipe"), 1):
            await pilot.press(str(number))
            assert bar.current == name
        await pilot.press("f6")
        assert bar.current == "compare"
        await pilot.click(TabBar, offset=(3, 0))
        assert bar.current == "overview"

    play(recipe, story)


def test_help_palette_and_the_other_theme(recipe):
    async def story(pilot):
        await pilot.press("question_mark")
        assert type(pilot.app.screen).__name__ == "Help"
        await pilot.press("escape", "ctrl+p")
        await pilot.pause()
        assert type(pilot.app.screen).__name__ == "CommandPalette"
        await pilot.press("escape")
        pilot.app.action_turn_theme()
        await pilot.pause()
        assert not pilot.app.current_theme.dark

    play(recipe, story)


def test_a_terminal_that_is_too_small_says_so(recipe):
    async def story(pilot):
        await pilot.resize_terminal(50, 12)
        await until(pilot, lambda: isinstance(pilot.app.screen, TooSmall))
        assert "50×12 now, 72×20 needed" in str(pilot.app.screen.query_one("Static").render())
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: isinstance(pilot.app.screen, Workbench))

    play(recipe, story)


def test_a_terminal_that_is_too_small_at_the_start_is_told_and_left(recipe):
    async def story(pilot):
        await until(pilot, lambda: isinstance(pilot.app.screen, TooSmall))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: isinstance(pilot.app.screen, Workbench))
        await pilot.resize_terminal(60, 15)
        await until(pilot, lambda: isinstance(pilot.app.screen, TooSmall))
        await pilot.press("ctrl+q")

    app = play(recipe, story, size=(60, 15))
    assert app.return_code == 0


def test_a_recipe_that_is_mended_has_a_tensor_selected(recipe):
    recipe.write_text(RECIPE.replace('type = "Q6_K | Q8_0"', 'type = "Q6_K | Q8_O"'))

    async def story(pilot):
        recipe.write_text(RECIPE)
        await pilot.press("ctrl+r", "f2")
        await until(pilot, lambda: bench(pilot).session.row() is not None)

    play(recipe, story)
