"""A plug-in that keeps all promises but one: its hook prints."""

import qrecipe

qrecipe_api = 1


@qrecipe.hookimpl
def qrecipe_functions():
    print("hello")  # noqa: T201 - the fault
    return [is_even]


def is_even(n: int) -> bool:
    return n % 2 == 0
