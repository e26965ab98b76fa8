"""Loads plug-ins: the built-ins from their list, third parties from the entry-point group `qrecipe`, one by one.

A plug-in that fails to import, is written for another version of the hooks, names a hook that does not exist, or raises
in a hook is reported as a diagnostic that names its distribution, version and cause; the rest works on. Nothing is
cached between calls: who loads, owns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points, version
from types import ModuleType
from typing import Any

import pluggy

from qrecipe import hooks
from qrecipe.errors import Diagnostic
from qrecipe.host.builtin import BUILTINS

GROUP = "qrecipe"


@dataclass(frozen=True, slots=True)
class Provider:
    """A plug-in that was found, working or not.

    Attributes:
        key: What the manager, messages and `Catalog.origins` call it.
        name: The distribution's.
        version: The distribution's; empty where there is none.
        origin: `built in`, `handed in`, or its entry point.
        package: The top-level package of its code, by which a traceback tells whose fault an error is.
    """

    key: str
    name: str
    version: str
    origin: str
    package: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with plug-ins, by their keys."""

    keys: tuple[str, ...]
    finding: Diagnostic


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plug-in manager with everything registered, all that was found, and what went wrong on the way."""

    manager: pluggy.PluginManager
    providers: tuple[Provider, ...]
    troubles: tuple[Trouble, ...]

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
    own = version("qrecipe")
    extra = tuple(extra)
    providers = [Provider(name, name, own, "built in", "qrecipe") for name, _ in manager.list_name_plugin()]
    providers += [Provider(_name_of(plugin), _name_of(plugin), "", "handed in", _package(plugin)) for plugin in extra]
    troubles = [_register(manager, plugin, _name_of(plugin)) for plugin in extra]
    found = sorted(entry_points(group=GROUP), key=lambda entry: (_distribution(entry), entry.name)) if discover else ()
    for entry in found:
        name = _distribution(entry)
        provider = _provider(entry, f"{name}:{entry.name}" if name in (known.key for known in providers) else name)
        providers.append(provider)
        troubles.append(_load(manager, entry, provider.key))
    return Loaded(manager, tuple(providers), tuple(trouble for trouble in troubles if trouble is not None))


def _load(manager: pluggy.PluginManager, entry: EntryPoint, key: str) -> Trouble | None:
    try:
        plugin = entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - no third party's import may take the tool down
        return broken_plugin(key, f"loading {entry.value} raised {describe(error)}")
    return _register(manager, plugin, key)


def _provider(entry: EntryPoint, key: str) -> Provider:
    origin, package = f"{entry.name} = {entry.value}", entry.value.partition(":")[0].partition(".")[0]
    if entry.dist is None:
        return Provider(key, entry.name, "", origin, package)
    return Provider(key, entry.dist.name, entry.dist.version, origin, package)


def _register(manager: pluggy.PluginManager, plugin: object, name: str) -> Trouble | None:
    """Register one plug-in and check that every hook it implements exists; undo where one does not."""
    try:
        if (trouble := _other_version(plugin, name)) is not None:
            return trouble
        manager.register(plugin, name=name)
        manager.check_pending()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - attributes of a third party's object may do anything
        if manager.has_plugin(name):
            manager.unregister(name=name)
        told = isinstance(error, (ValueError, pluggy.PluginValidationError))  # by pluggy, in whole sentences
        return broken_plugin(name, str(error) if told else f"registering it raised {describe(error)}")
    return None


def _other_version(plugin: object, name: str) -> Trouble | None:
    """Say that a plug-in is written for hooks of another version, which may mean something else."""
    wanted: object = getattr(plugin, "qrecipe_api", hooks.API_VERSION)
    if wanted == hooks.API_VERSION and type(wanted) is int:
        return None
    if type(wanted) is not int:
        return broken_plugin(name, f"its qrecipe_api is {wanted!r}, which is no whole number")
    distribution, own = name.split(maxsplit=1)[0], f"qrecipe {version('qrecipe')}"
    newer = wanted > hooks.API_VERSION
    finding = Diagnostic(
        "plugin-api",
        f"plug-in {name!r} is left out: it is written for version {wanted} of the plug-in interface",
        why=f"{own} has version {hooks.API_VERSION}, in which hooks and protocols may differ",
        fix=f"update qrecipe, or install an older {distribution}" if newer else f"update {distribution}",
        severity="warning",
    )
    return Trouble((name,), finding)


def broken_plugin(name: str, cause: str) -> Trouble:
    """Say that a plug-in is of no use, and that the rest is."""
    finding = Diagnostic(
        "plugin-broken",
        f"plug-in {name!r} does not work: {cause}",
        why="the other plug-ins and all built-ins are there; what this one offers is not",
        fix=f"update or uninstall {name.split(maxsplit=1)[0]}, or report it to its author",
        severity="warning",
    )
    return Trouble((name,), finding)


def describe(error: BaseException) -> str:
    """Return an exception in one line."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.name


def _name_of(plugin: object) -> str:
    return getattr(plugin, "__name__", None) or type(plugin).__name__


def _package(plugin: object) -> str:
    """Return the top-level package of an object's code; a module is its own."""
    module = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
    return module.partition(".")[0]
