"""`FunctionContract`: what a function of conditions promises: typed, total, pure."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import ClassVar

from qrecipe.errors import PluginError
from qrecipe.recipe.facts import KIND_NAMES, Value
from qrecipe.recipe.functions import Function, function_of
from qrecipe.recipe.integers import GREATEST, LEAST
from qrecipe.testing.contract import Contract, broken, promise
from qrecipe.testing.values import promise_light

_INTEGERS = (0, 1, -1, 2, 3, 7, 8, 30, 255, 4096, -8, LEAST, GREATEST)
_STRINGS = ("", "blk.0.attn_v.weight", "Q4_K", "é", "a" * 1000, "\0", "7", "\ud800")
_CALLS = 400


class FunctionContract(Contract):
    """Subclass with `function = …`.

    Attributes:
        function: What is tried.
        limit_s: Conditions are asked for each tensor of each rule: a function is quick.
    """

    function: ClassVar[Callable[..., Value]]
    limit_s: ClassVar[float] = 10.0

    @property
    def compute(self) -> Callable[..., Value]:
        """The function itself, which is no method of the suite."""
        found = inspect.getattr_static(type(self), "function")
        made: Callable[..., Value] = found.__func__ if isinstance(found, staticmethod) else found
        return made

    @property
    def read(self) -> Function:
        """The function with its signature, as conditions see it."""
        try:
            return function_of(self.compute)
        except PluginError as error:
            broken(str(error))

    def test_its_signature_is_typed(self) -> None:
        """Parameters by position, int, str and bool; a name that is no fact's."""
        name = self.read.name
        promise(name.isidentifier() and name.islower(), f"{name!r} is no name that a condition could write")

    def test_loading_it_loads_no_heavy_package(self) -> None:
        """Recipes are read without any."""
        promise_light(self.compute, self.read.name, "the function")

    def test_it_is_total(self) -> None:
        """It raises for no arguments of its types, those at the ends of 64 bits among them."""
        for arguments in self.calls():
            try:
                self.compute(*arguments)
            except Exception as error:  # noqa: BLE001 - whatever it raises breaks the promise
                broken(f"{_call(self.read, arguments)} raises {type(error).__name__}: {error}; functions are total")

    def test_its_result_is_of_the_kind_that_it_says(self) -> None:
        """Neither None nor a float, and no bool for an int."""
        for arguments, found in self.results():
            words = f"{_call(self.read, arguments)} gives {found!r}, which is no {KIND_NAMES[self.read.result]}"
            promise(type(found) is self.read.result, words)

    def test_it_gives_the_same_every_time(self) -> None:
        """It is pure: the order of tensors decides nothing."""
        for (arguments, one), (_, other) in zip(self.results(), list(self.results()), strict=True):
            promise(one == other, f"{_call(self.read, arguments)} gives {one!r}, and at another time {other!r}")

    def results(self) -> Iterator[tuple[tuple[Value, ...], Value]]:
        """Yield arguments, and what it gives where it gives something."""
        for arguments in self.calls():
            with suppress(Exception):  # another test tells of that
                yield arguments, self.compute(*arguments)

    def calls(self) -> Iterator[tuple[Value, ...]]:
        """Yield arguments to call it with: the same ones each time, all equal ones first."""
        values: dict[type, tuple[Value, ...]] = {int: _INTEGERS, str: _STRINGS, bool: (False, True)}
        kinds = [kind for _, kind in self.read.parameters]
        for i in range(len(_INTEGERS)):
            yield tuple(values[kind][i % len(values[kind])] for kind in kinds)
        chance = random.Random(1)  # noqa: S311 - the same calls in every run
        drawn = (tuple(chance.choice(values[kind]) for kind in kinds) for _ in iter(int, 1))
        yield from islice(drawn, _CALLS if kinds else 1)


def _call(function: Function, arguments: tuple[Value, ...]) -> str:
    return f"{function.name}({', '.join(repr(each)[:60] for each in arguments)})"
