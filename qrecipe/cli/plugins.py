"""`qrecipe plugins`: who brings what, and which plug-ins do not work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from qrecipe.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qrecipe import Plugin

_COLUMNS = (("plug-in", "left"), ("version", "left"), ("origin", "left"), ("kind", "left"), ("names", "left"))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plugins")(_plugins)


def _plugins(as_json: options.Json = False) -> None:
    """List the plug-ins, built-in and installed, with what each brings; those that do not work with the cause."""
    import qrecipe
    from qrecipe.cli import document, render

    found = qrecipe.plugins()
    if as_json:
        document.show(plugins=[_document(plugin) for plugin in found])
    else:
        rows = [row for plugin in found for row in _rows(plugin)]
        render.out().print(render.table(f"{len(found)} plug-ins", _COLUMNS, rows))
    render.show(dict.fromkeys(problem for plugin in found for problem in plugin.problems))


def _rows(plugin: Plugin) -> Iterator[tuple[str, ...]]:
    """Yield a row for each kind of thing that a plug-in brings, or one that says that it brings nothing."""
    for kind, names in plugin.offers.items() or (("-", ()),):
        yield plugin.name, plugin.version, plugin.origin, kind, ", ".join(names)


def _document(plugin: Plugin) -> dict[str, object]:
    from qrecipe.cli import document

    return {
        "name": plugin.name,
        "version": plugin.version or None,
        "origin": plugin.origin,
        "offers": dict(plugin.offers),
        "problems": [document.finding(problem) for problem in plugin.problems],
    }
