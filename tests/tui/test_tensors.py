"""The table: filter, sort, group, mark; and that ten thousand rows cost no more than those in sight."""

from textual.widgets import Input

from qrecipe.api.desk_view import Row
from qrecipe.tui.table import COLUMNS, Group
from qrecipe.tui.widgets.tensor_table import TensorTable
from tests.tui.stage import bench, play, typed, words


def table(pilot):
    return pilot.app.screen.query_one(TensorTable)


def shown(pilot):
    return [table(pilot).rows[line].name for line in table(pilot)._lines if isinstance(line, int)]


def test_a_filter_answers_at_each_keystroke(recipe):
    async def story(pilot):
        await pilot.press("2", "slash")
        await typed(pilot, "blk.{0,1}.attn_q")
        await pilot.pause()
        assert shown(pilot) == ["blk.0.attn_q.weight", "blk.1.attn_q.weight"]
        assert words(pilot, "#shown").startswith("2 of 833 tensors")
        await pilot.press("escape")
        assert table(pilot).has_focus
        await pilot.press("escape")
        assert len(shown(pilot)) == 833

    play(recipe, story)


def test_a_name_that_is_not_whole_yet_filters_too(recipe):
    async def story(pilot):
        await pilot.press("2", "slash")
        await typed(pilot, "ffn_d")
        await pilot.pause()
        assert len(shown(pilot)) == 60
        assert words(pilot, "#shown").startswith("60 of 833 tensors with this in the name")

    play(recipe, story)


def test_a_filter_that_does_not_parse_keeps_the_table_and_points_at_the_place(recipe):
    async def story(pilot):
        await pilot.press("2", "slash")
        await typed(pilot, "blk.{0")
        await pilot.pause()
        fault = words(pilot, "#fault")
        assert "^" in fault.splitlines()[0]
        assert shown(pilot)

    play(recipe, story)


def test_sorting_by_key_and_by_a_click_on_the_heading(recipe):
    async def story(pilot):
        await pilot.press("2", "r")
        assert shown(pilot)[0] == "token_embd.weight"
        await pilot.press("r")
        assert shown(pilot)[0] == "blk.0.layer_output_scale.weight"
        for column in ("", *COLUMNS[:2]):
            table(pilot).action_sort()
            assert table(pilot).order.column in ("", *COLUMNS), column
        await pilot.click(TensorTable, offset=(5, 0))
        assert table(pilot).order.column == "name"
        names = shown(pilot)
        assert names == sorted(names)

    play(recipe, story)


def test_groups_sum_fold_and_can_be_marked(recipe):
    async def story(pilot):
        await pilot.press("2", "home", "g")
        groups = [line for line in table(pilot)._lines if isinstance(line, Group)]
        assert sum(group.count for group in groups) == 833
        assert sum(group.nbytes for group in groups) == sum(row.nbytes for row in table(pilot).rows)
        await pilot.press("f")
        assert shown(pilot) == []
        await pilot.press("home", "space")
        assert bench(pilot).session.marks == {"output_norm.weight"}
        await pilot.press("home", "enter")
        assert shown(pilot) == ["output_norm.weight"]
        for group in ("layer", "type", "rule", ""):
            await pilot.press("g")
            assert table(pilot).order.group == group

    play(recipe, story)


def test_space_marks_and_escape_unmarks(recipe):
    async def story(pilot):
        await pilot.press("2", "home", "space", "space")
        assert bench(pilot).session.marks == {"output_norm.weight", "rope_freqs.weight"}
        await pilot.press("escape")
        assert not bench(pilot).session.marks

    play(recipe, story)


def test_enter_shows_the_tensor_in_the_grid_and_back(recipe):
    async def story(pilot):
        await pilot.press("2", "home", *["down"] * 6, "enter")
        name = bench(pilot).session.tensor
        assert name == "blk.0.attn_output.weight"
        assert pilot.app.screen.query_one("#grid").row().name == name
        await pilot.press("enter")
        assert table(pilot).row().name == name

    play(recipe, story)


def test_only_the_lines_in_sight_are_made(recipe):
    rows = tuple(
        Row(f"blk.{i}.w.weight", "w", i, (64, 64), "Q8_0", 8.5, 4352, 1e-4, 0, False, None, False, ())
        for i in range(10_000)
    )

    async def story(pilot):
        await pilot.press("2")
        view = table(pilot)
        view.show(rows, (), ())
        made = []
        original = view.line
        view.line = lambda index: made.append(index) or original(index)
        await pilot.press("end", *["pageup"] * 20)
        assert view.cursor < 9_400
        assert len(made) < 21 * 4 * view.size.height

    play(recipe, story)


def test_a_filter_keeps_the_selection(recipe):
    async def story(pilot):
        await pilot.press("2", "home", *["down"] * 3)
        kept = table(pilot).row().name
        pilot.app.screen.query_one("#filter", Input).value = "blk.0.*"
        await pilot.pause()
        assert table(pilot).row().name == kept

    play(recipe, story)
