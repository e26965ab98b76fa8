"""A plug-in that does not say which version of the interface it is written for."""

import qrecipe


@qrecipe.hookimpl
def qrecipe_functions():
    return [is_odd]


def is_odd(n: int) -> bool:
    return n % 2 == 1
