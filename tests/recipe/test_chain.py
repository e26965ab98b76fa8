"""Chains of types against tables: what they mean, and the whole message of every fault."""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from languages import message_of, page_errors, page_table, place

from qrecipe.codecs import builtin
from qrecipe.errors import Location, RecipeError
from qrecipe.recipe.bind import KEEP, AnyOf
from qrecipe.recipe.chain import bind_chain, parse_chain
from qrecipe.recipe.variables import Variable, Variables
from qrecipe.types.format import Argument, Call, TypeUse

CASES = Path(__file__).parents[1] / "cases" / "recipe"


@dataclass(frozen=True)
class Named:
    """As much of a format or of a fit as a chain knows of it."""

    name: str
    arguments: tuple[Argument, ...] = ()


FIT = Argument("fit", "fit", "auto", (), "how scale and codes are chosen")
SCALE = Argument("scale", "word", "symmetric", ("symmetric", "negative"), "which sign the scale has")
GROUP = Argument("group", "int", None, (), "columns that share a scale")
FORMATS = {
    made.name: made
    for made in (
        *(Named(name, (FIT,)) for name in ("Q4_0", "Q4_K", "Q5_0", "Q6_K", "Q8_0", "IQ4_NL")),
        Named("TQ2_0", (SCALE, FIT)),
        Named("int4", (GROUP,)),
        Named("F16"),
        Named("anything"),
    )
}
FITS = {"rtn": Named("rtn"), "mse": Named("mse", (Argument("steps", "int", 10),))}
VARS = {
    "small": "Q4_K | Q5_0",
    "choice": "any(Q4_K, Q8_0)",
    "nested": "${small} | ${choice}",
    "width": 32,
    "digits": " 64 ",
    "width2": "${width}",
    "exact": "lattice(else=error)",
    "yes": True,
    "broken": "Q4_K |",
    "wrong": "F16 | Q4_M",
    "wrong2": "Q8_0 | ${wrong}",
    "a": "Q8_0 | ${b}",
    "b": "${a}",
}


def variables():
    def made(line, name, value):
        column = len(name) + 5
        where = Location("f.toml", f"vars.{name}", line, column, str(value), verbatim=isinstance(value, str))
        return Variable(name, value, where)

    return Variables({name: made(line, name, value) for line, (name, value) in enumerate(VARS.items(), 4)})


def chain(text):
    return parse_chain(text, Location("f.toml", "rules[0].type", 30, 9, text, verbatim=True), variables())


def bound(text):
    return " | ".join(map(str, bind_chain(chain(text), FORMATS, FITS)))


def rows(name):
    return [pytest.param(row, id=row["case"]) for row in yaml.safe_load((CASES / name).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("row", rows("chain.yaml"))
def test_a_chain_means(row):
    assert bound(row["text"]) == row["means"]
    assert str(chain(row["text"])) == row["text"]


@pytest.mark.parametrize("row", rows("chain.yaml"))
def test_what_a_chain_means_reads_back_as_the_same(row):
    assert bound(row["means"]) == row["means"]


@pytest.mark.parametrize("row", rows("chain_faults.yaml"))
def test_a_faulty_chain_says_what_is_wrong(row):
    with pytest.raises(RecipeError) as caught:
        bound(row["text"])
    assert str(caught.value) + "\n" == row["error"]


def test_a_bound_chain_is_made_of_uses_keep_and_choices():
    q4, any_of, keep = bind_chain(
        chain("Q4_0(fit=lattice(else=error)) | any(F16, int4(group=32) | keep) | keep"), FORMATS, FITS
    )
    assert q4 == TypeUse(FORMATS["Q4_0"], (("fit", Call("lattice", (("else", "error"),))),))
    assert any_of == AnyOf(((TypeUse(FORMATS["F16"]),), (TypeUse(FORMATS["int4"], (("group", 32),)), KEEP)))
    assert keep is KEEP


def test_keep_stays_itself_when_it_is_pickled():
    assert pickle.loads(pickle.dumps(KEEP)) is KEEP  # noqa: S301 - our own bytes


def test_a_chain_knows_all_variables_that_it_uses():
    assert chain("Q8_0 | ${nested}").variables == {"nested", "small", "choice"}


def test_faults_of_one_text_in_two_rules_point_at_each_rule():
    def fault(line):
        where = Location("f.toml", f"rules[{line}].type", line, 9, "Q4_M", verbatim=True)
        with pytest.raises(RecipeError) as caught:
            bind_chain(parse_chain("Q4_M", where, Variables()), FORMATS, FITS)
        return caught.value.diagnostics[0].where.line

    assert (fault(3), fault(8)) == (3, 8)


def test_a_text_beyond_any_length_is_refused():
    with pytest.raises(RecipeError) as caught:
        chain("Q8_0 | " * 1000 + "Q8_0")
    assert caught.value.diagnostics[0].code == "too-long"


BUILT_IN = {made.name: made for made in builtin.FORMATS}, {made.name: made for made in builtin.FITS}


def on_page(text):
    return " | ".join(map(str, bind_chain(parse_chain(text, place(text, "type"), Variables()), *BUILT_IN)))


@pytest.mark.parametrize(("written", "means"), page_table("types-in-recipes.md", "written", "is"))
def test_a_row_of_the_page(written, means):
    assert on_page(*written) == means[0]


@pytest.mark.parametrize(("text", "message"), page_errors("types-in-recipes.md", "type"))
def test_an_error_of_the_page(text, message):
    assert message_of(lambda: on_page(text)) == message


def test_the_page_has_the_fits_that_are_always_known():
    listed = [name for (name,), _ in page_table("types-in-recipes.md", "fit", "means")]
    assert listed == ["auto", "rtn", "imatrix", "lattice"]
    for name in listed:
        bind_chain(parse_chain(f"Q4_0(fit={name})", place("", "type"), Variables()), FORMATS, {})
