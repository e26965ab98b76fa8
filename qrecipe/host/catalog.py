"""Typed look-ups over everything that plug-ins offer: name → item, sorted by name, with who brought it.

Two plug-ins that offer one name are both refused that name, unless one of them is built in, which then keeps it; a
diagnostic names both. Names of formats and fits are compared without case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qrecipe.errors import Diagnostic
from qrecipe.host.manager import Loaded, Provider, Trouble, broken_plugin, describe, is_builtin, load_plugins
from qrecipe.host.promises import broken_promise

if TYPE_CHECKING:
    from qrecipe.types.architecture import Architecture
    from qrecipe.types.dialect import Dialect
    from qrecipe.types.format import Fit, Format
    from qrecipe.types.source import Source
    from qrecipe.types.target import Backend
    from qrecipe.types.task import Executor

KINDS = ("formats", "fits", "backends", "sources", "architectures", "executors", "functions", "dialects")
_WITHOUT_CASE = ("formats", "fits")


@dataclass(frozen=True, slots=True)
class Catalog:
    """What the tool can do in this environment. `origins` says which plug-in brought (kind, name), by its key."""

    formats: Mapping[str, Format]
    fits: Mapping[str, Fit]
    backends: Mapping[str, Backend]
    sources: Mapping[str, Source]
    architectures: Mapping[str, Architecture]
    executors: Mapping[str, Executor]
    functions: Mapping[str, Callable[..., int | str | bool]]
    dialects: Mapping[str, Dialect]
    origins: Mapping[tuple[str, str], str]
    providers: tuple[Provider, ...]
    troubles: tuple[Trouble, ...]

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        """What is wrong with plug-ins, for people."""
        return tuple(trouble.finding for trouble in self.troubles)

    def offered_by(self, key: str) -> dict[str, tuple[str, ...]]:
        """Return what a plug-in brings that can be used: kind → names."""
        brought = {kind: tuple(n for n in getattr(self, kind) if self.origins[kind, n] == key) for kind in KINDS}
        return {kind: names for kind, names in brought.items() if names}


def make_catalog(*extra: object, discover: bool = True) -> Catalog:
    """Load all plug-ins and ask each for what it offers."""
    return catalog_of(load_plugins(extra, discover=discover))


def catalog_of(loaded: Loaded) -> Catalog:
    """Collect what registered plug-ins offer."""
    troubles = list(loaded.troubles)
    origins: dict[tuple[str, str], str] = {}
    found = {kind: _collect(loaded, kind, origins, troubles) for kind in KINDS}
    return Catalog(**found, origins=origins, providers=loaded.providers, troubles=tuple(troubles))


def _collect(loaded: Loaded, kind: str, origins: dict[tuple[str, str], str], troubles: list[Trouble]) -> dict[str, Any]:
    items: dict[str, Any] = {}
    claims: dict[str, list[str]] = {}
    for plugin, implementation in loaded.provided(f"qrecipe_{kind}"):
        try:
            judged = [(item, broken_promise(kind, item)) for item in implementation() or ()]
            offered = {_name(item): item for item, why in judged if why is None}
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a third party's hook raises must not take the tool down
            troubles.append(broken_plugin(plugin, f"its hook qrecipe_{kind} raised {describe(error)}"))
            continue
        troubles += [broken_plugin(plugin, why) for _, why in judged if why is not None]
        for name, item in offered.items():
            key = name.lower() if kind in _WITHOUT_CASE else name
            claims.setdefault(key, []).append(plugin)
            if len(claims[key]) == 1:
                items[name] = item
                origins[kind, name] = plugin
    _settle(kind, items, claims, troubles)
    return dict(sorted(items.items()))


def _settle(kind: str, items: dict[str, Any], claims: Mapping[str, list[str]], troubles: list[Trouble]) -> None:
    """Report every name that several plug-ins claim, and take it away unless the first claim is built in."""
    for name in list(items):
        claimants = claims[name.lower() if kind in _WITHOUT_CASE else name]
        if len(claimants) < 2:  # noqa: PLR2004 - one claim is no clash
            continue
        kept = is_builtin(claimants[0])
        if not kept:
            del items[name]
        outcome = f"the built-in {name!r} stays" if kept else f"none of them is used, so {name!r} is not available"
        finding = Diagnostic(
            "plugin-clash",
            f"plug-ins {' and '.join(map(repr, claimants))} both offer {kind[:-1]} {name!r}",
            why=f"a name means one thing; {outcome}",
            fix="uninstall one of them, or ask its author for another name",
            severity="warning",
        )
        troubles.append(Trouble(tuple(claimants), finding))


def _name(item: Any) -> str:  # noqa: ANN401 - the kinds have nothing in common but a name
    return str(item.__name__ if not hasattr(item, "name") else item.name)
