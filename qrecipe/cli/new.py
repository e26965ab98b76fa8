"""`qrecipe new`: a recipe to begin with, on stdout or in a new file."""

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
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="The file to write; none is replaced.", metavar="FILE")
    ] = None,
) -> None:
    """Write a commented recipe for a checkpoint, or copy one to edit. It plans as it stands."""
    import qrecipe

    if checkpoint is not None and copied is None:
        text = qrecipe.new_recipe(checkpoint, output=output)
    elif copied is not None and checkpoint is None:
        text = qrecipe.copy_recipe(copied, output=output)
    else:
        raise typer.BadParameter("give one of CHECKPOINT and --from RECIPE", param_hint="CHECKPOINT")
    if output is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(output)
