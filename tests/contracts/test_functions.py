"""The built-in functions of conditions keep their contract."""

from qrecipe.recipe.functions import BUILTINS, max, min, more_bits  # noqa: A004 - their names in conditions
from qrecipe.testing import FunctionContract


class TestMoreBits(FunctionContract):
    function = more_bits


class TestMin(FunctionContract):
    function = min


class TestMax(FunctionContract):
    function = max


def test_every_function_is_tried():
    assert (more_bits, min, max) == BUILTINS
