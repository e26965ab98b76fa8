"""`qrecipe plan`: what a recipe makes of a model, before anything is built."""

from __future__ import annotations

from typing import Annotated

import typer

from qrecipe.cli import options


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(_plan)


def _plan(  # noqa: PLR0913, PLR0917 - one parameter a flag, as typer wants them
    recipe: options.Recipe,
    source: options.Source = None,
    set_: options.Settings = None,
    as_json: options.Json = False,
    every: Annotated[bool, typer.Option("--all", help="One line a tensor instead of one a role.")] = False,
    no_lock: options.NoLock = False,
) -> None:
    """Show each tensor's type and the exact size of every file. Reads headers only, writes nothing."""
    import qrecipe
    from qrecipe.cli import preview, render

    plan = qrecipe.plan(recipe, source=source, set=options.settings(set_), lock=not no_lock)
    if as_json:
        typer.echo(qrecipe.plan_json(plan))
    else:
        preview.show_plan(plan, render.out(), every=every)
    render.show(plan.warnings)
