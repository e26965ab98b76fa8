"""auto, rtn and imatrix: which of them hands the imatrix on, and which types they refuse; which fits there are."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from codec_formats import named
from codec_inputs import importances, inputs

from qrecipe.codecs.builtin import FITS
from qrecipe.recipe.bind import _RESERVED_FITS
from qrecipe.types.format import Call, Fitted, TypeUse

BY_NAME = {fit.name: fit for fit in FITS}
Q4_K = TypeUse(named("Q4_K"))
ROWS, SQUARES = inputs()["gaussian"], importances()["squares"]
WITH, WITHOUT = (named("Q4_K").encode(ROWS, (), importance) for importance in (SQUARES, None))


def test_what_is_offered_is_what_recipes_may_name_without_it():
    assert [(fit.name, fit.importance) for fit in FITS] == [
        ("auto", "if present"),
        ("rtn", "never"),
        ("imatrix", "required"),
        ("lattice", "never"),
        ("mse", "never"),
    ]
    assert {fit.name: fit.arguments for fit in FITS} == _RESERVED_FITS


@pytest.mark.parametrize(
    ("fit", "importance", "expected"),
    [("auto", SQUARES, WITH), ("auto", None, WITHOUT), ("rtn", SQUARES, WITHOUT), ("imatrix", SQUARES, WITH)],
)
def test_the_bytes_are_the_encoders(fit, importance, expected):
    assert WITH != WITHOUT
    assert BY_NAME[fit].encode(Q4_K, ROWS, importance) == Fitted(expected)


def test_arguments_of_the_type_reach_the_encoder():
    use = TypeUse(named("TQ2_0"), (("scale", "negative"), ("fit", Call("rtn"))))
    expected = named("TQ2_0").encode(ROWS, (("scale", "negative"),), None)
    assert BY_NAME["rtn"].encode(use, ROWS, None) == Fitted(expected)


@pytest.mark.parametrize(
    ("fit", "type_", "why"),
    [
        ("auto", "IQ2_XXS", None),
        ("auto", "Q8_0", None),
        ("rtn", "Q4_K", None),
        ("rtn", "IQ3_XXS", None),
        ("rtn", "IQ2_XXS", "IQ2_XXS cannot be encoded without imatrix data"),
        ("imatrix", "Q4_K", None),
        ("imatrix", "Q8_0", "the encoder of Q8_0 makes no use of an imatrix"),
    ],
)
def test_promises_that_a_type_cannot_keep(fit, type_, why):
    assert BY_NAME[fit].refuses(TypeUse(named(type_))) == why
