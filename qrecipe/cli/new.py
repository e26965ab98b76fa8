"""`qrecipe new`: a recipe to begin with, on stdout or in a new file; or a plug-in project in a new folder."""

from __future__ import annotations

from typing import Annotated

import typer

from qrecipe.cli import complete


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new")(_new)


def _new(
    checkpoint: Annotated[
        str | None,
        typer.Argument(help="A .gguf or .safetensors file, a folder, pkg:NAME or hf://ORG/NAME.", metavar="CHECKPOINT"),
    ] = None,
    copied: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Copy this recipe instead: a path, or a shipped recipe's name.",
            metavar="RECIPE",
            autocompletion=complete.recipes,
        ),
    ] = None,
    from_grid: Annotated[
        str | None,
        typer.Option("--from-grid", help="Look at this checkpoint's weights for grids.", metavar="CHECKPOINT"),
    ] = None,
    plugin: Annotated[
        str | None,
        typer.Option("--plugin", help="Write a plug-in project of this name instead, with its tests.", metavar="NAME"),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", help="The file to write, or a plug-in's folder; none is replaced.", metavar="PATH"
        ),
    ] = None,
) -> None:
    """Write a commented recipe for a checkpoint, or copy one to edit. It plans as it stands."""
    import qrecipe

    if sum(given is not None for given in (checkpoint, copied, from_grid, plugin)) != 1:
        words = "give one of CHECKPOINT, --from RECIPE, --from-grid CHECKPOINT and --plugin NAME"
        raise typer.BadParameter(words, param_hint="CHECKPOINT")
    if plugin is not None:
        typer.echo(qrecipe.new_plugin(plugin, output=output))
        return
    if checkpoint is not None:
        text = qrecipe.new_recipe(checkpoint, output=output)
    elif copied is not None:
        text = qrecipe.copy_recipe(copied, output=output)
    else:
        text = qrecipe.new_recipe(str(from_grid), output=output, from_grid=True)
    if output is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(output)
