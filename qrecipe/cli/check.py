"""`qrecipe check`: every finding about a recipe at once."""

from __future__ import annotations

import typer

from qrecipe.cli import options


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(_check)


def _check(
    recipe: options.Recipe,
    source: options.Source = None,
    set_: options.Settings = None,
    as_json: options.Json = False,
) -> None:
    """List everything that is wrong with a recipe for its model, and everything worth knowing."""
    import qrecipe
    from qrecipe.cli import document, render

    found = qrecipe.check(recipe, source=source, set=options.settings(set_))
    errors = sum(1 for finding in found if finding.severity == "error")
    if as_json:
        document.show(findings=[document.finding(finding) for finding in found])
    else:
        render.show(found)
        told = f"{render.count(errors, 'error')}, {render.count(len(found) - errors, 'warning')}"
        typer.echo(told if found else "no findings")
    raise typer.Exit(1 if errors else 0)
