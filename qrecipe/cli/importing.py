"""`qrecipe import`: a recipe from another tool's command line, on stdout or in a new file."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import", context_settings={"ignore_unknown_options": True})(_import)


def _import(
    words: Annotated[
        list[str],
        typer.Argument(help="The other tool's command line, behind `--`, or in quotes.", metavar="COMMAND..."),
    ],
    dialect: Annotated[str, typer.Option("--from", help="Whose command line it is: llama-quantize.", metavar="TOOL")],
    source: Annotated[
        str | None,
        typer.Option("--source", help="The model, if it is not what the command line names.", metavar="CHECKPOINT"),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="The file to write; none is replaced.", metavar="PATH")
    ] = None,
) -> None:
    """Write the recipe that another tool's command line means."""
    import qrecipe
    from qrecipe.cli.render import show

    imported = qrecipe.import_recipe(words, dialect=dialect, source=source, output=output)
    show(imported.findings)
    if output is None:
        typer.echo(imported.recipe, nl=False)
    else:
        typer.echo(output)
