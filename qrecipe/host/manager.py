"""Loads plug-ins: the built-ins from their list, third parties from the entry-point group `qrecipe`, one by one.

A plug-in that fails to import, names a hook that does not exist, or raises in a hook is reported as a diagnostic that
names its distribution, version and cause; the rest works on. Nothing is cached between calls: who loads, owns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from qrecipe import hooks
from qrecipe.errors import Diagnostic
from qrecipe.host.builtin import BUILTINS

GROUP = "qrecipe"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plug-in manager with everything registered, and what went wrong on the way."""

    manager: pluggy.PluginManager
    problems: tuple[Diagnostic, ...]

    def provided(self, hook: str) -> Iterator[tuple[str, Any]]:
        """Yield (plug-in, what its implementation of `hook` returned), built-ins first, then by plug-in name.

        The return value is handed on as it is: the caller iterates it, and so meets a plug-in that raises late.
        """
        implementations = getattr(self.manager.hook, hook).get_hookimpls()
        plain = [i for i in implementations if not (i.wrapper or i.hookwrapper)]
        for implementation in sorted(plain, key=lambda i: (not is_builtin(i.plugin_name), i.plugin_name)):
            yield implementation.plugin_name, implementation.function


def is_builtin(plugin: str) -> bool:
    """Tell a built-in's name from a distribution's."""
    return plugin.startswith("qrecipe:")


def load_plugins(extra: Iterable[object] = (), *, discover: bool = True) -> Loaded:
    """Register built-ins, `extra` objects (tests, embedding programs), and with `discover` all installed plug-ins."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    for builtin in BUILTINS:
        manager.register(builtin, name=f"qrecipe:{type(builtin).__name__.lower()}")
    problems = [_register(manager, plugin, _name_of(plugin)) for plugin in extra]
    if discover:
        found = sorted(entry_points(group=GROUP), key=lambda entry: (_distribution(entry), entry.name))
        problems += [_load(manager, entry) for entry in found]
    return Loaded(manager, tuple(problem for problem in problems if problem is not None))


def _load(manager: pluggy.PluginManager, entry: EntryPoint) -> Diagnostic | None:
    name = _distribution(entry)
    try:
        plugin = entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - no third party's import may take the tool down
        return broken_plugin(name, f"loading {entry.value} raised {describe(error)}")
    return _register(manager, plugin, f"{name}:{entry.name}" if manager.has_plugin(name) else name)


def _register(manager: pluggy.PluginManager, plugin: object, name: str) -> Diagnostic | None:
    """Register one plug-in and check that every hook it implements exists; undo where one does not."""
    try:
        manager.register(plugin, name=name)
        manager.check_pending()
    except (ValueError, pluggy.PluginValidationError) as error:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        return broken_plugin(name, str(error).replace("\n", " "))
    return None


def broken_plugin(name: str, cause: str) -> Diagnostic:
    """Say that a plug-in is of no use, and that the rest is."""
    return Diagnostic(
        "plugin-broken",
        f"plug-in {name!r} does not work: {cause}",
        why="the other plug-ins and all built-ins are there; what this one offers is not",
        fix=f"update or uninstall {name.split(maxsplit=1)[0]}, or report it to its author",
        severity="warning",
    )


def describe(error: BaseException) -> str:
    """Return an exception in one line."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.name


def _name_of(plugin: object) -> str:
    return getattr(plugin, "__name__", None) or type(plugin).__name__
