"""Promises that several protocols make alike: light to load, picklable, safe in threads, described in words."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from qrecipe.testing.contract import promise
from qrecipe.testing.light import imports_of
from qrecipe.types.format import Argument

T = TypeVar("T")
U = TypeVar("U")


def promise_light(item: object, name: str, when: str) -> None:
    """Fail if the module of an item's type loads a package that should load only `when`."""
    found = imports_of(item)
    if isinstance(found, str):
        promise(False, f"{name}: its module cannot be imported alone: {found}")
    packages = ", ".join(found or ())
    promise(not found, f"{name}: importing its module loads {packages}; import that inside {when}")


def promise_picklable(item: T, name: str) -> T:
    """Return a copy that has been through pickle; fail where there is none."""
    try:
        copy: T = pickle.loads(pickle.dumps(item))  # noqa: S301 - our own bytes
    except Exception as error:
        promise(False, f"{name}: it cannot be pickled ({type(error).__name__}: {error}); executors may use processes")
        raise
    return copy


def is_phrase(text: object) -> bool:
    """Say whether this is a phrase as diagnostics have them: some words without a final stop."""
    return isinstance(text, str) and bool(text.strip()) and not text.endswith(".")


def threaded(call: Callable[[T], U], items: Iterable[T]) -> list[U]:
    """Call in four threads at once; results in order."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(call, items))


def wrong_arguments(arguments: object) -> Iterator[str]:
    """Yield what is wrong with the type of `arguments`."""
    if not isinstance(arguments, tuple) or not all(isinstance(each, Argument) for each in arguments):
        yield "its arguments are no tuple of Argument"


def odd_arguments(arguments: tuple[Argument, ...]) -> Iterator[str]:
    """Yield what cannot be about arguments: two of one name, a default that is no choice."""
    names = [argument.name for argument in arguments]
    if len(names) != len(set(names)):
        yield f"two arguments have one name: {', '.join(names)}"
    for each in arguments:
        if each.choices and each.default is not None and each.default not in each.choices:
            yield f"the default {each.default!r} of argument {each.name!r} is none of its choices"
