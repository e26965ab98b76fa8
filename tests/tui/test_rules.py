"""Rules: every action by key, what was typed shown at once, faults under their field."""

import pytest
from textual.events import Key
from textual.widgets import Checkbox, Input, OptionList
from textual.widgets._footer import FooterKey

from qrecipe.tui.dialogs.ask import AskText
from qrecipe.tui.panes.rules import Rules
from qrecipe.tui.widgets.rule_form import RuleForm
from qrecipe.tui.widgets.rule_list import RuleList
from tests.tui.stage import RECIPE, bench, play, total, typed, until, words


def rules(pilot):
    return [(rule.match, rule.type, rule.enabled) for rule in bench(pilot).session.desk.state.rules]


def test_the_list_counts_what_each_rule_decides(recipe):
    async def story(pilot):
        await pilot.press("3")
        shown = pilot.app.screen.query_one(RuleList)
        assert [shown.line(place).plain.split() for place in range(4)] == [
            ["1", "✓", "token_embd", "Q6_K", "1", "1.2", "GB"],
            ["2", "✓", "blk.*.attn_v", "Q6_K", "|", "Q8_0", "50", "903.2", "MB"],
            ["3", "✓", "blk.*.ffn_down", "more_bits(layer,", "n_layers)", "Q6_K", "30", "2.8", "GB"],
            ["4", "✓", "**", "${small}", "330", "13.9", "GB"],
        ]

    play(recipe, story, size=(200, 60))


def test_a_keystroke_in_a_field_changes_the_sizes_and_not_the_recipe(recipe):
    async def story(pilot):
        before = total(pilot)
        await pilot.press("3", "e", "down", "down")
        await pilot.press("end", "backspace", "backspace", "backspace", "backspace")
        await typed(pilot, "Q8_0")
        await pilot.pause()
        assert total(pilot) > before
        assert bench(pilot).session.desk.text == RECIPE
        assert "TRIAL" in words(pilot, "#title")
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert total(pilot) == before
        assert bench(pilot).session.desk.text == RECIPE

    play(recipe, story)


def test_enter_applies_a_field(recipe):
    async def story(pilot):
        await pilot.press("3", "e", "down", "down", "end", *["backspace"] * 4)
        await typed(pilot, "Q8_0")
        await pilot.press("enter")
        await pilot.pause()
        assert bench(pilot).session.desk.text == RECIPE.replace('"Q6_K"\nwhy = "emb', '"Q8_0"\nwhy = "emb')
        assert not pilot.app.screen.query_one(Rules).editing

    play(recipe, story)


def test_a_fault_stands_under_its_field_and_is_not_applied(recipe):
    async def story(pilot):
        await pilot.press("3", "down", "e", "down", "down", "end")
        await typed(pilot, "x")
        await pilot.pause()
        fault = words(pilot, "#fault-type").splitlines()
        assert fault[0].index("^") == len("Q6_K | Q8_0x") - 1
        assert fault[1].startswith("unknown type 'Q8_0x'")
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.screen.query_one(Rules).editing
        assert bench(pilot).session.desk.text == RECIPE

    play(recipe, story)


@pytest.mark.parametrize(
    ("field", "letters", "expected"),
    [
        (0, "blk.*.ffn_g", "blk.*.ffn_gate"),
        (0, "ffn_g", "blk.*.ffn_gate"),
        (1, "n_lay", "n_layers"),
        (2, "Q5_K", "Q5_K"),
        (2, "${sm", "${small}"),
    ],
)
def test_tab_takes_a_completion(recipe, field, letters, expected):
    async def story(pilot):
        await pilot.press("3", "a", *["down"] * field)
        await typed(pilot, letters)
        await pilot.pause()
        await pilot.press("tab")
        await pilot.pause()
        name = ("match", "when", "type")[field]
        assert pilot.app.screen.query_one(f"#field-{name}", Input).value == expected

    play(recipe, story)


def test_ctrl_space_shows_everything_that_fits(recipe):
    async def story(pilot):
        await pilot.press("3", "a", "ctrl+@")
        await pilot.pause()
        offers = pilot.app.screen.query_one("#offers", OptionList)
        assert offers.display
        assert offers.option_count > 10

    play(recipe, story)


def test_a_new_rule_is_tried_as_a_whole_and_applied_by_enter(recipe):
    async def story(pilot):
        before = total(pilot)
        await pilot.press("3", "a")
        await typed(pilot, "blk.0.*")
        await pilot.press("down", "down")
        await typed(pilot, "F16")
        await pilot.pause()
        assert total(pilot) > before
        await pilot.press("enter")
        await pilot.pause()
        assert rules(pilot)[0] == ("blk.0.*", "F16", True)
        await pilot.press("ctrl+z")
        assert bench(pilot).session.desk.text == RECIPE

    play(recipe, story)


def test_delete_duplicate_move_and_switch(recipe):
    async def story(pilot):
        await pilot.press("3", "c")
        assert [match for match, _, _ in rules(pilot)][:2] == ["token_embd", "token_embd"]
        await pilot.press("d")
        assert len(rules(pilot)) == 4
        await pilot.press("home", "shift+down")
        assert [match for match, _, _ in rules(pilot)][:2] == ["blk.*.attn_v", "token_embd"]
        assert pilot.app.screen.query_one(RuleList).cursor == 1
        await pilot.press("shift+up")
        assert rules(pilot)[0][0] == "token_embd"
        await pilot.press("space")
        assert rules(pilot)[0] == ("token_embd", "Q6_K", False)
        await pilot.press("space")
        assert rules(pilot)[0] == ("token_embd", "Q6_K", True)

    play(recipe, story)


@pytest.mark.parametrize(("keys", "kept"), [(["f3"], "Q8_0"), (["enter"], "Q8_0"), (["ctrl+z", "escape"], "Q6_K")])
def test_a_field_that_was_typed_is_applied_once_by_another_pane_and_not_by_undo(recipe, keys, kept):
    async def story(pilot):
        await pilot.press("3", "e", "down", "down", "end", *["backspace"] * 4)
        await typed(pilot, "Q8_0")
        await pilot.pause()
        await pilot.press(*keys)
        await until(pilot, lambda: bench(pilot).session.trial is None and not pilot.app.screen.query_one(Rules).editing)
        desk = bench(pilot).session.desk
        assert (desk.state.rules[0].type, desk.can_undo) == (kept, kept == "Q8_0")
        desk.undo()
        assert desk.text == RECIPE
        assert not desk.can_undo

    play(recipe, story)


def test_an_unused_rule_says_so(recipe):
    recipe.write_text(RECIPE.replace('match = "blk.*.attn_v"', 'match = "blk.*.attn_z"'))

    async def story(pilot):
        await pilot.press("3", "down")
        await pilot.pause()
        assert "✗ unused" in pilot.app.screen.query_one(RuleList).line(1).plain
        assert "did you mean" in words(pilot, "#about")

    play(recipe, story)


def test_an_inherited_rule_becomes_an_own_one_by_c(tmp_path):
    async def story(pilot):
        inherited = bench(pilot).session.state.rules
        await pilot.press("3", "d")
        assert bench(pilot).session.state.rules is inherited
        await pilot.press("end", "c")
        await pilot.pause()
        assert rules(pilot)[0][0] == inherited[-1].match
        assert bench(pilot).session.state.rules[0].index == 0

    path = tmp_path / "child.toml"
    text = 'qrecipe = 1\nname = "c"\nextends = ["lib:gemma4-qat"]\n'
    path.write_text(f'{text}inventory = "lib:gemma-4-31b"\n[[targets]]\nbackend = "gguf"\noutput = "c.gguf"\n')
    play(path, story)


def test_an_inherited_rule_that_may_go_unused_still_may_once_it_is_an_own_one(recipe):
    parent = recipe.with_name("parent.toml")
    parent.write_text(
        RECIPE.replace('type = "Q6_K | Q8_0"', 'type = "Q6_K"\noptional = true').replace("attn_v", "none")
    )
    recipe.write_text('qrecipe = 1\nname = "child"\nextends = ["parent.toml"]\n')

    async def story(pilot):
        await pilot.press("3", "down", "c")
        await pilot.pause()
        own = bench(pilot).session.desk.state.rules[0]
        assert (own.index, own.match, own.optional, own.problem) == (0, "blk.*.none", True, None)
        assert bench(pilot).session.desk.state.errors == ()

    play(recipe, story)


def test_leaving_a_field_applies_it(recipe):
    async def story(pilot):
        await pilot.press("3", "e", "down", "down", "end", *["backspace"] * 4)
        await typed(pilot, "Q5_K")
        await pilot.press("down")
        await pilot.pause()
        assert rules(pilot)[0][1] == "Q5_K"
        assert pilot.app.screen.query_one(RuleForm).display

    play(recipe, story)


def at_once(pilot, *keys):
    """Send keys as a terminal does that reads several in one go: none waits for what the one before it did."""
    for key in keys:
        pilot.app.post_message(Key(key, key if len(key) == 1 else None))


def test_keys_that_come_together_each_go_to_the_field_that_the_one_before_chose(recipe):
    async def story(pilot):
        await pilot.press("3", "e")
        at_once(pilot, "down", "down", "X")
        fields = pilot.app.screen.query("RuleForm Input").results(Input)
        await until(pilot, lambda fields=list(fields): "X" in "".join(field.value for field in fields))
        assert pilot.app.screen.query_one("#field-type", Input).value == "Q6_KX"

    play(recipe, story)


def test_keys_right_behind_that_of_a_pane_go_to_the_pane(recipe):
    async def story(pilot):
        at_once(pilot, "f4", "down", "d")
        await until(pilot, lambda: len(rules(pilot)) == 3)
        assert [match for match, _, _ in rules(pilot)] == ["token_embd", "blk.*.ffn_down", "**"]

    play(recipe, story)


def test_keys_of_the_list_do_nothing_while_a_rule_is_typed(recipe):
    async def story(pilot):
        await pilot.press("3", "down", "e")
        await pilot.press("up")
        assert isinstance(pilot.app.screen.focused, Checkbox)
        await pilot.press("d", "c", "a", "e", "shift+down", "shift+up", "delete")
        assert pilot.app.screen.query_one(RuleForm).border_title == "rule 2"
        assert bench(pilot).session.desk.text == RECIPE
        await pilot.press("escape", "d")
        assert len(rules(pilot)) == 3

    play(recipe, story)


def test_the_last_own_rule_does_not_leave_the_cursor_on_an_inherited_one(recipe):
    child = recipe.with_name("child.toml")
    own = RECIPE.partition("[[targets]]")[0]
    child.write_text(own.replace("qrecipe = 1", 'qrecipe = 1\nextends = ["mine.toml"]'))

    async def story(pilot):
        await pilot.press("3", "down", "down", "down", "shift+down")
        await pilot.pause()
        found = pilot.app.screen.query_one(RuleList)
        assert found.line_count() == 8
        assert (found.cursor, found.rule().inherited) == (3, False)
        await pilot.press("shift+up")
        await pilot.pause()
        assert [match for match, _, _ in rules(pilot)][2:4] == ["**", "blk.*.ffn_down"]
        assert found.cursor == 2

    play(child, story)


def test_undo_and_help_are_in_sight_in_a_small_terminal_and_what_is_not_works(recipe):
    async def story(pilot):
        await pilot.press("3")
        await until(pilot, lambda: "add" in {each.action for each in pilot.app.screen.query(FooterKey)})
        seen = {each.description: each.region.right for each in pilot.app.screen.query(FooterKey)}
        assert {"Add", "Edit", "Delete", "Copy", "On/off", "Save", "Undo", "Help"} <= seen.keys()
        assert max(seen.values()) <= 80
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText))

    play(recipe, story, size=(80, 24))


def test_a_field_that_is_typed_is_applied_when_the_pane_is_left(recipe):
    async def story(pilot):
        await pilot.press("3", "e", "down", "down", "end", *["backspace"] * 4)
        await typed(pilot, "Q5_K")
        await pilot.press("f2")
        await pilot.pause()
        assert bench(pilot).session.desk.state.rules[0].type == "Q5_K"
        await pilot.press("ctrl+z")
        assert bench(pilot).session.desk.text == RECIPE

    play(recipe, story)


@pytest.mark.parametrize("key", ["f2", "ctrl+q", "ctrl+s"])
def test_a_rule_that_cannot_be_applied_keeps_the_pane(recipe, key):
    async def story(pilot):
        await pilot.press("3", "e", "down", "down", "end", "x", key)
        await pilot.pause()
        assert pilot.app.screen.query_one("#panes").current == "rules"
        assert bench(pilot).query_one(Rules).editing
        await pilot.press("escape", "escape", "f2")
        assert pilot.app.screen.query_one("#panes").current == "overview"
        assert bench(pilot).session.desk.text == RECIPE

    play(recipe, story)


def test_undo_in_a_typed_field_makes_it_what_it_was_and_undoes_no_more(recipe):
    async def story(pilot):
        await pilot.press("3", "shift+down")
        moved = bench(pilot).session.desk.text
        await pilot.press("e", "down", "down", "end", "x", "ctrl+z")
        await pilot.pause()
        assert bench(pilot).query_one(Rules).editing
        assert not pilot.app.screen.query_one("#field-type").value.endswith("x")
        assert bench(pilot).session.desk.text == moved
        await pilot.press("ctrl+z")
        assert bench(pilot).session.desk.text == RECIPE

    play(recipe, story)
