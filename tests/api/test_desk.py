"""A recipe on a desk: what a text means, edits, undo and redo to the byte, saving, comparing, help with rules."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qrecipe
from qrecipe.api.desk import open_desk
from qrecipe.api.desk_compare import other_of
from qrecipe.api.desk_opening import recents, remember, shipped
from qrecipe.api.desk_rules import completions, covered, rule_for
from qrecipe.errors import QrecipeError, RecipeError
from qrecipe.recipe.edit import AddRule, DeleteRule, DuplicateRule, MoveRule, SetField, SetVariable, SwitchRule
from tests.conftest import write_model

RECIPE = """\
qrecipe = 1
name = "mine"
extends = ["lib:gemma4-qat"]
inventory = "lib:gemma-4-e2b"

# the head
[[rules]]
match = "token_embd"
type = "Q6_K"

[[rules]]
match = "blk.{0..3}.ffn_down"
type = "Q8_0"

[[targets]]
backend = "gguf"
output = "${name}.gguf"
"""

INLINE = """\
qrecipe = 1
name = "inline"
inventory = "lib:gemma-4-e2b"
rules = [{ match = "**", type = "Q8_0" }]
targets = [{ backend = "gguf", output = "a.gguf" }]
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def test_a_recipe_and_what_it_means(path):
    desk = open_desk(path)
    state = desk.state
    assert (state.errors, state.stale, desk.saved) == ((), False, True)
    assert [(r.match, r.inherited, r.hits["gguf"]) for r in state.rules] == [
        ("token_embd", False, 1),
        ("blk.{0..3}.ffn_down", False, 4),
        ("per_layer_model_proj", True, 1),
        ("**", True, 272),
    ]
    rows = {row.name: row for row in state.rows()}
    assert (rows["token_embd.weight"].type, rows["token_embd.weight"].rule) == ("Q6_K", 0)
    assert rows["blk.1.attn_norm.weight"].protected is not None
    assert sum(row.nbytes for row in rows.values()) == sum(map(state.target().nbytes, state.target().decisions))
    assert abs(sum(row.share for row in rows.values()) - 1) < 1e-9


def test_an_edit_changes_sizes_and_undo_gives_the_text_back(path):
    desk = open_desk(path)
    before = desk.state.target().tensor_bytes
    desk.apply(SetField(1, "type", "Q4_0"))
    assert desk.state.target().tensor_bytes < before
    assert not desk.saved
    desk.undo()
    assert (desk.text, desk.state.target().tensor_bytes, desk.saved) == (RECIPE, before, True)
    desk.redo()
    assert desk.state.rules[1].type == "Q4_0"
    assert desk.redo() is None


def test_a_trial_changes_nothing(path):
    desk = open_desk(path)
    tried = desk.trial(SetField(1, "type", "F16"))
    assert tried.target().tensor_bytes > desk.state.target().tensor_bytes
    assert desk.text == RECIPE
    assert not desk.can_undo


def test_faults_are_part_of_the_state_and_the_last_good_plan_stays(path):
    desk = open_desk(path)
    good = desk.state.plan
    state = desk.edit(RECIPE.replace('"blk.{0..3}.ffn_down"', '"blk.{0..3.ffn_down"'))
    assert state.stale
    assert state.plan is good
    assert state.errors[0].where.line == 12
    assert [rule.match for rule in state.rules][:1] == ["token_embd"]


def test_an_unused_rule_is_told_at_the_rule(path):
    desk = open_desk(path)
    desk.apply(AddRule(0, "blk.*.attn_qq", "Q8_0"))
    assert desk.state.rules[0].problem.code == "rule-matches-nothing"
    desk.apply(SetField(0, "match", "**"))
    assert [rule.problem.code for rule in desk.state.rules[1:3]] == ["rule-shadowed", "rule-shadowed"]


@pytest.mark.parametrize("text", [RECIPE, INLINE])
def test_a_new_rule_may_go_unused_if_it_is_said(path, text):
    path.write_text(text)
    desk = open_desk(path)
    desk.apply(AddRule(0, "blk.*.attn_qq", "Q8_0", optional=True))
    assert (desk.state.rules[0].optional, desk.state.rules[0].problem) == (True, None)
    assert "optional = true" in desk.text


def test_a_rule_that_is_off_is_shown_and_does_nothing(path):
    desk = open_desk(path)
    desk.apply(SwitchRule(0, on=False))
    off = desk.state.rules[0]
    assert (off.match, off.enabled, off.hits) == ("token_embd", False, {})
    assert next(row.type for row in desk.state.rows() if row.name == "token_embd.weight") == "Q4_0(fit=lattice)"
    assert next(row.rule for row in desk.state.rows() if row.name == "blk.0.ffn_down.weight") == 1
    desk.apply(SwitchRule(0, on=True))
    assert desk.text == RECIPE


@pytest.mark.parametrize(
    "text", ["qrecipe = 1\nname = [", "", "qrecipe = 7", 'qrecipe = 1\nname = "x"\nsource = "gone"\n']
)
def test_a_recipe_with_faults_opens_all_the_same(tmp_path, text):
    path = tmp_path / "broken.toml"
    path.write_text(text)
    desk = open_desk(path)
    assert desk.state.errors
    assert desk.text == text
    assert desk.state.rows() == ()


def test_saving(path, tmp_path):
    desk = open_desk(path)
    desk.apply(SetField(0, "type", "Q8_0"))
    assert desk.save() == path
    assert path.read_text() == desk.text
    assert desk.saved
    path.write_text(RECIPE)
    assert desk.changed_outside()
    with pytest.raises(QrecipeError, match="changed by another program"):
        desk.save()
    desk.edit(desk.reload())
    assert (desk.text, desk.saved) == (RECIPE, True)
    desk.undo()
    assert 'type = "Q8_0"' in desk.text
    other = tmp_path / "other.toml"
    other.write_text("x")
    with pytest.raises(QrecipeError, match="exists"):
        desk.save(other)
    assert desk.save(other, force=True) == other
    assert desk.name == "other.toml"


def test_a_file_that_vanished_or_is_read_only(path):
    desk = open_desk(path)
    desk.apply(SetField(0, "type", "Q8_0"))
    path.unlink()
    with pytest.raises(QrecipeError, match="is gone"):
        desk.save()
    desk.save(force=True)
    assert path.read_text() == desk.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file(path):
    desk = open_desk(path)
    desk.apply(SetField(0, "type", "Q8_0"))
    path.chmod(0o444)
    with pytest.raises(QrecipeError, match="read-only"):
        desk.save()
    assert path.read_text() == RECIPE


def test_permissions_and_line_ends_stay(path):
    path.chmod(0o640)
    path.write_bytes(RECIPE.replace("\n", "\r\n").encode())
    desk = open_desk(path)
    assert desk.state.errors == ()
    desk.apply(SetField(0, "type", "Q8_0"))
    desk.save()
    assert path.read_bytes() == RECIPE.replace('"Q6_K"', '"Q8_0"').replace("\n", "\r\n").encode()
    assert path.stat().st_mode & 0o777 == 0o640


def test_shipped_recipes_open_without_a_file():
    desk = open_desk("gemma4-31b-ud-q4_k_xl")
    assert desk.path is None
    assert desk.state.target("gguf") is not None
    assert len(desk.state.rows("gguf")) == 833
    with pytest.raises(QrecipeError, match="has no file yet"):
        desk.save()
    assert "gemma4-31b-ud-q4_k_xl" in {found.name for found in shipped()}


def test_a_checkpoint_opens_with_a_recipe_for_it(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    desk = open_desk("lib:bard-3m-qat-q4_0")
    assert desk.state.errors == ()
    assert len(desk.state.rows()) > 20
    result = desk.build(tmp_path / "out")
    assert result.built[0].paths[0].stat().st_size == desk.state.target().file_bytes


def test_what_is_no_recipe(tmp_path):
    with pytest.raises(QrecipeError):
        open_desk(tmp_path / "gone.toml")
    with pytest.raises(QrecipeError):
        open_desk(tmp_path / "gone.gguf")


def test_comparing(path, tmp_path):
    desk = open_desk(path)
    other = other_of("gemma4-e2b-ud-q4_k_xl", desk)
    found = other.beside(desk.state.target())
    assert {row.tensor for row in found.changed} == {
        "token_embd.weight",
        *(f"blk.{layer}.ffn_down.weight" for layer in range(4)),
        "per_layer_model_proj.weight",
    }
    assert found.nbytes - found.other_nbytes == sum(row.nbytes - row.other_nbytes for row in found.changed)
    plan = tmp_path / "plan.json"
    plan.write_text(qrecipe.plan_json(qrecipe.plan(path)))
    assert other_of(str(plan), desk).beside(desk.state.target()).changed == ()


@pytest.mark.parametrize("type_", ["Q4_0(fit=lattice(else=rtn))", "Q8_0(fit=rtn)"])
def test_a_recipe_is_no_other_than_what_was_built_of_it(tmp_path, type_):
    write_model(tmp_path / "tiny.gguf")
    path = tmp_path / "tiny.toml"
    text = 'qrecipe = 1\nname = "t"\nsource = "tiny.gguf"\n'
    text += f'rules = [{{ match = "**", type = "{type_} | keep" }}]\n'
    path.write_text(f'{text}[[targets]]\nbackend = "gguf"\noutput = "built.gguf"\n')
    desk = open_desk(path)
    assert desk.state.errors == ()
    desk.build(tmp_path)
    other = other_of(str(tmp_path / "built.gguf"), desk)
    found = other.beside(desk.state.target())
    assert type_ in {row.type for row in found.rows}
    assert found.changed == ()
    desk.apply(SetField(0, "type", "keep"))
    changed = other.beside(desk.state.target()).changed
    assert {row.tensor for row in changed} == {row.tensor for row in found.rows if row.type == type_}


def test_explaining(path):
    desk = open_desk(path)
    assert "rules[0]" in desk.explain("token_embd.weight")
    assert desk.explain("no.such") == ""


def test_patterns_as_filters(path):
    desk = open_desk(path)
    assert covered(desk, "blk.{0,1}.attn_q") == {"blk.0.attn_q.weight", "blk.1.attn_q.weight"}
    with pytest.raises(RecipeError, match="filter"):
        covered(desk, "blk.{0")


@pytest.mark.parametrize(
    ("field", "text", "first"),
    [
        ("match", "blk.*.att", "blk.*.attn_k"),
        ("match", "tok", "token_embd"),
        ("when", "lay", "layer"),
        ("when", "layer < n_l", "n_layers"),
        ("when", "more", "more_bits("),
        ("type", "Q4_", "Q4_0"),
        ("type", "Q6_K | ke", "keep"),
        ("type", "${q", "${q4}"),
    ],
)
def test_completions(path, field, text, first):
    found = completions(open_desk(path), field, text, len(text))
    assert found[0].text == first
    assert text[found[0].start :] == text[-len(text) + found[0].start :]
    assert first.startswith(text[found[0].start :])


@pytest.mark.parametrize(
    ("tensors", "what", "match"),
    [
        (["blk.3.attn_q.weight"], "tensor", "blk.3.attn_q"),
        (["blk.3.attn_q.weight", "blk.4.attn_q.weight"], "tensor", "{blk.3.attn_q,blk.4.attn_q}"),
        (["blk.3.attn_q.weight"], "role", "blk.*.attn_q"),
        (["blk.3.attn_q.weight", "blk.5.ffn_up.weight"], "role", "blk.*.{attn_q,ffn_up}"),
        ([f"blk.{i}.attn_q.weight" for i in (3, 4, 5, 9)], "layers", "blk.{{3..5},9}.attn_q"),
        (["token_embd.weight"], "role", "token_embd"),
    ],
)
def test_a_rule_for_what_is_selected(path, tensors, what, match):
    desk = open_desk(path)
    rule = rule_for(desk, tensors, what, "Q5_0")
    assert rule.match == match
    desk.apply(rule)
    assert desk.state.rules[0].problem is None
    found = {row.name for row in desk.state.rows() if row.rule == 0}
    assert set(tensors) <= found


def test_recent_recipes(path, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert recents() == ()
    second = tmp_path / "second.toml"
    second.write_text(RECIPE)
    remember(path)
    remember(second)
    remember(path)
    assert recents() == (path, second)
    second.unlink()
    assert recents() == (path,)
    (tmp_path / "state" / "qrecipe" / "recent.json").write_text("{")
    assert recents() == ()


INDEX = st.integers(0, 4)
EDITS = st.one_of(
    st.builds(AddRule, INDEX, st.sampled_from(["**", "blk.*.ffn_*", "{"]), st.sampled_from(["Q4_0", "Q4_", "keep"])),
    st.builds(DeleteRule, INDEX),
    st.builds(DuplicateRule, INDEX),
    st.builds(MoveRule, INDEX, st.integers(-2, 2)),
    st.builds(SwitchRule, INDEX, st.booleans()),
    st.builds(SetField, INDEX, st.sampled_from(["match", "when", "type"]), st.sampled_from(["tied", "Q8_0", "", None])),
    st.builds(SetVariable, st.just("q4"), st.sampled_from(["Q5_0", "nope"])),
    st.sampled_from(["", "qrecipe = 1\n", RECIPE]),
)


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(EDITS, max_size=10))
def test_any_edits_undone_give_the_first_text_byte_for_byte(path: Path, edits):
    desk = open_desk(path)
    texts = [desk.text]
    for edit in edits:
        try:
            desk.edit(edit) if isinstance(edit, str) else desk.apply(edit)
        except RecipeError:
            continue
        if desk.text != texts[-1]:
            texts.append(desk.text)
    for text in reversed(texts[:-1]):
        desk.undo()
        assert desk.text == text
    assert desk.text == RECIPE
    assert desk.undo() is None
    for text in texts[1:]:
        desk.redo()
        assert desk.text == text
