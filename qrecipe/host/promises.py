"""Whether what a plug-in offers can be used at all: it has a name and every member of its protocol.

Members are looked up, never called or computed: a plug-in's code runs when it is wanted. Functions of conditions have
to be typed and may not take a fact's name.
"""

from __future__ import annotations

import inspect

from qrecipe.errors import PluginError
from qrecipe.recipe.functions import function_of
from qrecipe.types.architecture import Architecture
from qrecipe.types.dialect import Dialect
from qrecipe.types.format import Fit, Format
from qrecipe.types.source import Source
from qrecipe.types.target import Backend
from qrecipe.types.task import Executor


def broken_promise(kind: str, item: object) -> str | None:
    """Say why an item of a kind (`formats`, …) is of no use; None if it has all that it needs."""
    if kind == "functions":
        return _untyped(item)
    name = getattr(item, "name", None)
    if not isinstance(name, str) or not name:
        return f"it offers among {kind} {item!r}, which has no name"
    absent = object()
    lacking = [each for each in _members(kind) if inspect.getattr_static(item, each, absent) is absent]
    return f"its {kind[:-1]} {name!r} lacks {', '.join(lacking)}" if lacking else None


def _members(kind: str) -> list[str]:
    protocols = {
        "formats": Format,
        "fits": Fit,
        "backends": Backend,
        "sources": Source,
        "architectures": Architecture,
        "executors": Executor,
        "dialects": Dialect,
    }
    return [name for name in vars(protocols[kind]) if not name.startswith("_")]


def _untyped(item: object) -> str | None:
    if not callable(item):
        return f"it offers among functions {item!r}, which is none"
    try:
        function_of(item)
    except PluginError as error:
        return "; ".join(f"{found.what} ({found.why})" for found in error.diagnostics)
    return None
