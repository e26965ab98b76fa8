"""Edits of rules as edits of text: whole texts before and after, and properties over random edits."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.errors import RecipeError
from qrecipe.recipe.edit import (
    AddRule,
    DeleteRule,
    DuplicateRule,
    MoveRule,
    SetField,
    SetVariable,
    SwitchRule,
    edited,
)
from qrecipe.recipe.edit_blocks import blocks_of

TABLES = """\
qrecipe = 1                 # the version
name = "mine"

[vars]
q4 = "Q4_0"                 # small

# the embeddings
[[rules]]
match = "token_embd"
type  = "Q6_K"              # large
why   = 'they are "tied"'

[[rules]]
match = "blk.*.ffn_*"
when = "layer < 3"
type = "${q4}"

# the rest
[[rules]]
match = "**"
type = "keep"

[[targets]]
backend = "gguf"
output = "x.gguf"
"""

INLINE = """\
qrecipe = 1
vars = { a = 1 }
rules = [
  # one
  { match = "token_embd", type = "Q6_K" },
  { match = "blk.*", type = "Q4_0", why = "w" },  # two
  { match = "**", type = "keep" }
]
"""


def rules(text):
    return tomllib.loads(text).get("rules", [])


def test_a_field_changes_and_nothing_else():
    assert edited(TABLES, SetField(0, "type", "Q8_0")) == TABLES.replace('"Q6_K" ', '"Q8_0" ')


def test_a_new_field_stands_behind_the_one_before_it():
    found = edited(TABLES, SetField(0, "when", "tied"))
    assert 'match = "token_embd"\nwhen = "tied"\ntype  = "Q6_K"' in found


def test_a_field_is_taken_out_with_its_line():
    assert edited(TABLES, SetField(1, "when", None)) == TABLES.replace('when = "layer < 3"\n', "")


def test_fields_of_inline_tables():
    assert edited(INLINE, SetField(1, "type", "Q5_0")) == INLINE.replace('"Q4_0"', '"Q5_0"')
    assert edited(INLINE, SetField(2, "why", "so")) == INLINE.replace('"keep" }', '"keep", why = "so" }')
    assert edited(INLINE, SetField(1, "why", None)) == INLINE.replace(', why = "w"', "")
    assert edited(INLINE, SetField(1, "match", None)) == INLINE.replace('match = "blk.*", ', "")


def test_a_rule_moves_with_its_comment_and_the_rest_stays():
    found = edited(TABLES, MoveRule(2, -1))
    assert [rule["match"] for rule in rules(found)] == ["token_embd", "**", "blk.*.ffn_*"]
    assert '# the rest\n[[rules]]\nmatch = "**"' in found
    assert edited(found, MoveRule(1, 1)) == TABLES


def test_members_of_an_array_move():
    found = edited(INLINE, MoveRule(0, 2))
    assert [rule["match"] for rule in rules(found)] == ["blk.*", "**", "token_embd"]
    assert edited(found, MoveRule(2, -2)) == INLINE


@pytest.mark.parametrize("text", [TABLES, INLINE])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_rule_is_switched_off_and_on_again(text, index):
    off = edited(text, SwitchRule(index, on=False))
    assert len(rules(off)) == 2
    blocks = blocks_of(off)
    assert [block.off for block in blocks] == [place == index for place in range(3)]
    assert blocks[index].values == rules(text)[index]
    assert edited(off, SwitchRule(index, on=True)) == text


@pytest.mark.parametrize("text", [TABLES, INLINE])
def test_all_rules_off_and_on_again(text):
    off = text
    for index in range(3):
        off = edited(off, SwitchRule(index, on=False))
    assert rules(off) == []
    assert len(blocks_of(off)) == 3
    for index in range(3):
        off = edited(off, SwitchRule(index, on=True))
    assert off == text


@pytest.mark.parametrize("text", [TABLES, INLINE])
@pytest.mark.parametrize("at", [0, 1, 2, 3, 9])
def test_a_rule_is_added(text, at):
    found = edited(text, AddRule(at, "blk.{0,1}.*", "Q8_0", when="layer == 1", why='a "reason"'))
    new = {"match": "blk.{0,1}.*", "when": "layer == 1", "type": "Q8_0", "why": 'a "reason"'}
    wanted = rules(text)
    wanted.insert(at, new)
    assert rules(found) == wanted
    back = edited(found, DeleteRule(min(at, 3)))
    assert back.replace(",", "").split() == text.replace(",", "").split()


def test_the_first_rule_stands_before_the_targets():
    text = 'qrecipe = 1\n\n[[targets]]\nbackend = "gguf"\noutput = "x.gguf"\n'
    assert edited(text, AddRule(0, "**", "Q8_0")) == (
        'qrecipe = 1\n\n[[rules]]\nmatch = "**"\ntype = "Q8_0"\n\n[[targets]]\nbackend = "gguf"\noutput = "x.gguf"\n'
    )


def test_the_first_rule_of_a_recipe_without_targets_stands_last():
    assert (
        edited("qrecipe = 1\n", AddRule(0, "**", "Q8_0")) == 'qrecipe = 1\n\n[[rules]]\nmatch = "**"\ntype = "Q8_0"\n'
    )


@pytest.mark.parametrize("text", [TABLES, INLINE])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_rule_is_duplicated(text, index):
    wanted = rules(text)
    wanted.insert(index, wanted[index])
    assert rules(edited(text, DuplicateRule(index))) == wanted


@pytest.mark.parametrize("edit", [SetField(0, "type", "Q8_0"), MoveRule(2, -2), SwitchRule(1, on=False), DeleteRule(0)])
def test_the_way_lines_end_stays(edit):
    windows = TABLES.replace("\n", "\r\n")
    assert edited(windows, edit) == edited(TABLES, edit).replace("\n", "\r\n")


def test_variables():
    assert edited(TABLES, SetVariable("q4", "Q5_0")) == TABLES.replace('"Q4_0" ', '"Q5_0" ')
    assert tomllib.loads(edited(TABLES, SetVariable("n", 3)))["vars"] == {"q4": "Q4_0", "n": 3}
    assert tomllib.loads(edited(INLINE, SetVariable("b", "x")))["vars"] == {"a": 1, "b": "x"}
    assert tomllib.loads(edited("qrecipe = 1\n", SetVariable("b", "x")))["vars"] == {"b": "x"}


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (DeleteRule(3), "the recipe has 3 rules of its own; there is no rule 3"),
        (SetField(0, "tpye", "x"), "a rule has no key 'tpye'"),
    ],
)
def test_what_cannot_be_edited_is_told(edit, why):
    with pytest.raises(RecipeError) as error:
        edited(TABLES, edit)
    assert error.value.diagnostics[0].why == why


INDEX = st.integers(0, 5)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)
EDITS = st.one_of(
    st.builds(AddRule, INDEX, TEXT, TEXT, TEXT, TEXT),
    st.builds(DeleteRule, INDEX),
    st.builds(DuplicateRule, INDEX),
    st.builds(MoveRule, INDEX, st.integers(-3, 3)),
    st.builds(SwitchRule, INDEX, st.booleans()),
    st.builds(SetField, INDEX, st.sampled_from(["match", "when", "type", "why"]), TEXT | st.none()),
    st.builds(SetVariable, st.sampled_from(["q4", "n", "a b"]), TEXT),
)


def model(before, edit):
    """What an edit means, on a list of (rule, off)."""
    found = [dict(block) if isinstance(block, dict) else block for block in before]
    match edit:
        case DeleteRule(index):
            found.pop(index)
        case DuplicateRule(index):
            found.insert(index, found[index])
        case MoveRule(index, by):
            found.insert(min(max(index + by, 0), len(found) - 1), found.pop(index))
    return found


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([TABLES, INLINE]), st.lists(EDITS, max_size=8))
def test_random_edits_keep_the_rest_of_the_recipe(text, edits):
    for edit in edits:
        before = [(dict(block.values), block.off) for block in blocks_of(text)]
        try:
            made = edited(text, edit)
        except RecipeError:
            continue
        after = [(dict(block.values), block.off) for block in blocks_of(made)]
        others = {key: value for key, value in tomllib.loads(text).items() if key not in ("rules", "vars")}
        assert {k: v for k, v in tomllib.loads(made).items() if k not in ("rules", "vars")} == others
        if isinstance(edit, (DeleteRule, DuplicateRule, MoveRule)):
            assert after == model(before, edit)
        text = made


def test_a_member_that_is_off_moves_with_its_line_and_stays_off():
    text = 'rules = [\n# off:   { match = "a", type = "keep" },\n  { match = "b", type = "keep" }  # two\n]\n'
    moved = edited(text, MoveRule(0, 1))
    assert moved == 'rules = [\n  { match = "b", type = "keep" },  # two\n# off:   { match = "a", type = "keep" },\n]\n'
    assert edited(moved, MoveRule(1, -1)) == text.replace("}  # two", "},  # two")
