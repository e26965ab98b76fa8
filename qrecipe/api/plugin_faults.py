"""Whose fault it is when something raises what nobody foresaw: a plug-in is named, in words, instead of a traceback.

What a plug-in raises as a `QrecipeError` is said by itself and goes through; so does a fault of ours, with its
traceback. The traceback tells whose code failed: its innermost frame that belongs to a plug-in. Where it shows none
(the plug-in returned what it should not, or ran in another process), the first suspect that is no built-in is blamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import dropwhile, takewhile
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, PluginError, QrecipeError
from qrecipe.host.manager import describe, is_builtin

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog

Suspect = tuple[str, str]
"""A kind of the catalog and a name: `("backends", "mlx")`."""


@contextmanager
def blamed(catalog: Catalog, doing: str, *suspects: Suspect) -> Iterator[None]:
    """Turn what a plug-in raises into a PluginError that names it.

    Args:
        catalog: Who brought what.
        doing: What was done, one phrase behind `failed`: `while target 'main' was built`.
        suspects: What was asked to do it, the likeliest first.

    Raises:
        PluginError: A plug-in raised something else than a `QrecipeError`.
    """
    try:
        yield
    except (QrecipeError, MemoryError):
        raise
    except Exception as error:
        culprit = _by_traceback(error, catalog, suspects) or _by_suspicion(catalog, suspects)
        if culprit is None:
            raise
        raise PluginError(_failed(*culprit, doing, error)) from error


def _by_traceback(error: BaseException, catalog: Catalog, suspects: tuple[Suspect, ...]) -> tuple[str, str] | None:
    """Return who it was, in words, and the plug-in's key: the innermost frame that is a plug-in's."""
    keys = {each.package: each.key for each in catalog.providers if each.package and not is_builtin(each.key)}
    frames = dropwhile(lambda frame: _package(frame) not in keys, reversed(_frames(error.__traceback__)))
    inner = list(takewhile(lambda frame: _package(frame) in keys, frames))
    if not inner:
        return None
    key = keys[_package(inner[0])]
    return _role(inner, key, catalog, suspects), key


def _frames(trace: TracebackType | None) -> list[FrameType]:
    """Return the frames of a traceback, outermost first."""
    found = []
    while trace is not None:
        found.append(trace.tb_frame)
        trace = trace.tb_next
    return found


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _role(frames: list[FrameType], key: str, catalog: Catalog, suspects: tuple[Suspect, ...]) -> str:
    """Say which of a plug-in's offers its frames, innermost first, are methods of, else which of them is a suspect."""
    brought = [each for each, origin in catalog.origins.items() if origin == key]
    kinds = {type(getattr(catalog, kind)[name]): (kind, name) for kind, name in brought}
    methods = [kinds[type(item)] for item in map(_self, frames) if type(item) in kinds]
    found = next((each for each in (*methods, *suspects) if each in brought), None)
    return f"plug-in {key!r}" if found is None else _called(found, key)


def _self(frame: FrameType) -> object:
    return frame.f_locals.get("self")


def _by_suspicion(catalog: Catalog, suspects: tuple[Suspect, ...]) -> tuple[str, str] | None:
    known = [(each, catalog.origins[each]) for each in suspects if each in catalog.origins]
    return next(((_called(each, key), key) for each, key in known if not is_builtin(key)), None)


def _called(suspect: Suspect, key: str) -> str:
    kind, name = suspect
    return f"{kind[:-1]} {name!r} of plug-in {key!r}"


def _failed(who: str, key: str, doing: str, error: Exception) -> Diagnostic:
    return Diagnostic(
        "plugin-broken",
        f"{who} failed {doing}: {describe(error)}",
        why="a plug-in says what it cannot do; this is a fault in it",
        fix=f"update or uninstall {key.split(maxsplit=1)[0]}, or report it to its author",
    )
