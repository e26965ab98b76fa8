"""Functions of conditions: signatures that are read, signatures that are refused, and llama.cpp's `use_more_bits`."""

import pytest

from qrecipe.errors import PluginError
from qrecipe.recipe.functions import BUILTINS, Function, function_of, more_bits
from qrecipe.recipe.integers import divide, remainder


def untyped(a, b):
    return a


def wrongly_typed(a: float) -> int:
    return int(a)


def without_result(a: int):
    return a


def of_many(*a: int) -> int:
    return len(a)


def by_name(*, a: int) -> int:
    return a


def layer(a: int) -> int:
    return a


def odd_hint(a: "Nowhere") -> int:  # noqa: F821 - what it shows
    return 1


def shout(word: str, *, loud: bool = True) -> str:
    return word


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (untyped, "parameter 'a' of function 'untyped' is not typed int, str or bool"),
        (wrongly_typed, "parameter 'a' of function 'wrongly_typed' is not typed int, str or bool"),
        (without_result, "the result of function 'without_result' is not typed int, str or bool"),
        (of_many, "parameter 'a' of function 'of_many' is not positional"),
        (by_name, "parameter 'a' of function 'by_name' is not positional"),
        (layer, "function 'layer' has a fact's name"),
        (odd_hint, "the signature of function 'odd_hint' cannot be read"),
        (shout, "parameter 'loud' of function 'shout' is not positional"),
    ],
)
def test_refused(made, what):
    with pytest.raises(PluginError) as raised:
        function_of(made)
    assert raised.value.diagnostics[0].what == what
    assert raised.value.diagnostics[0].fix == "tell the plug-in's author; `qrecipe plugins` says which package it is"


def test_a_signature_is_read():
    def pick(word: str, yes: bool, n: int) -> bool:
        return yes

    assert function_of(pick) == Function("pick", (("word", str), ("yes", bool), ("n", int)), bool, pick)
    assert str(function_of(pick)) == "pick(word: string, yes: boolean, n: integer)"


def test_a_bool_is_no_integer():
    def one() -> int:
        return True

    with pytest.raises(PluginError, match="function 'one' gave True, which is no integer"):
        function_of(one).call()


def test_a_result_beyond_64_bits_is_unknown():
    def huge(n: int) -> int:
        return n * 2**62

    assert function_of(huge).call(1) == 2**62
    assert function_of(huge).call(2) is None


def test_builtins_by_name():
    assert [function_of(made).name for made in BUILTINS] == ["more_bits", "min", "max"]


# llama.cpp build 11434, use_more_bits(i, n) for every i < n: the numbers with more bits.
@pytest.mark.parametrize(
    ("n", "chosen"),
    [
        (1, [0]),
        (8, [0, 3, 6, 7]),
        (16, [0, 1, 4, 7, 10, 13, 14, 15]),
        (28, [0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 24, 25, 26, 27]),
        (32, [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31]),
    ],
)
def test_more_bits(n, chosen):
    assert [i for i in range(n) if more_bits(i, n)] == chosen


@pytest.mark.parametrize(
    ("a", "b", "quotient", "rest"),
    [
        (7, 2, 3, 1),
        (-7, 2, -3, -1),
        (7, -2, -3, 1),
        (-7, -2, 3, -1),
        (0, 5, 0, 0),
        (5, 0, None, None),
        (-(2**63), -1, None, 0),
        (-(2**63), 1, -(2**63), 0),
    ],
)
def test_division_as_in_c(a, b, quotient, rest):
    assert (divide(a, b), remainder(a, b)) == (quotient, rest)
