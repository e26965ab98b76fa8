"""`qrecipe explain`: why one tensor has its type."""

from __future__ import annotations

from typing import Annotated

import typer

from qrecipe.cli import options


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(_explain)


def _explain(
    recipe: options.Recipe,
    tensor: Annotated[str, typer.Argument(help="A tensor's name; a final .weight may be left out.")],
    source: options.Source = None,
    set_: options.Settings = None,
) -> None:
    """Say which rule decides a tensor's type, why the others do not, what was passed over, and all facts."""
    import qrecipe
    from qrecipe.errors import printable

    explanations = qrecipe.explain(recipe, tensor, source=source, set=options.settings(set_))
    lines = "\n\n".join(map(str, explanations)).split("\n")
    typer.echo("\n".join(map(printable, lines)))
