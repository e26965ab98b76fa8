"""A desk whose text cannot be resolved, or not yet: the last sizes stay with their rules, and no text is lost."""

import pytest

from qrecipe.api.desk import open_desk
from qrecipe.recipe.edit import DeleteRule, SwitchRule
from tests.api.test_desk import RECIPE
from tests.conftest import write_model


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.mark.parametrize("edit", [DeleteRule, lambda index: SwitchRule(index, on=False)])
def test_without_a_rule_that_something_needs_the_last_sizes_stay_with_their_rules(path, edit):
    text = RECIPE.replace('extends = ["lib:gemma4-qat"]\n', "").replace("[[targets]]", f"{REST}[[targets]]")
    path.write_text(text)
    desk = open_desk(path)
    before = desk.state.rows()
    state = desk.apply(edit(2))
    assert state.stale
    assert "no rule takes" in state.errors[0].what
    assert state.rows() == before
    assert [state.deciding[row.rule].type for row in before if row.name == "blk.9.ffn_up.weight"] == ["Q4_0"]
    assert desk.apply(DeleteRule(0)).rows() == before
    desk.undo()
    assert desk.undo().stale is False


REST = '[[rules]]\nmatch = "**"\ntype = "Q4_0"\n\n'


def test_a_text_is_taken_at_once_and_resolved_later(path):
    desk = open_desk(path)
    other = RECIPE.replace("gemma-4-e2b", "gemma-4-31b")
    assert desk.is_open(RECIPE)
    assert not desk.is_open(other)
    assert desk.is_open("no = [recipe")
    taken = desk.take(other)
    assert (taken.reading, desk.text, desk.saved, len(taken.rows())) == (True, other, False, 541)
    assert len(desk.resolve().rows()) == 833
    assert not desk.state.reading
    assert desk.is_open(other)
    assert desk.undo().text == RECIPE


def test_a_text_that_was_taken_meanwhile_is_not_lost(path):
    desk = open_desk(path)
    desk.take(RECIPE + "# one\n")
    resolve = desk.resolve
    other = RECIPE + "# two\n"
    original = type(desk)._resolved

    def late(self, text):
        found = original(self, text)
        if text != other:
            self.take(other)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(desk), "_resolved", late)
        resolve()
        assert (desk.text, desk.state.reading) == (other, True)
        assert resolve().text == other


def test_a_model_that_was_missing_is_found_when_asked_again(tmp_path):
    path = tmp_path / "late.toml"
    path.write_text(RECIPE.replace('inventory = "lib:gemma-4-e2b"', 'source = "late.gguf"'))
    desk = open_desk(path)
    assert "late.gguf" in desk.state.errors[0].what
    write_model(tmp_path / "late.gguf")
    desk.forget_models()
    assert not desk.is_open(desk.text)
    assert "late.gguf" not in str(desk.refresh().errors)
