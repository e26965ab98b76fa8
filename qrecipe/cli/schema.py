"""`qrecipe schema`: JSON Schemas, for editors and for programs that read plans."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema")(_schema)


def _schema(
    of_plan: Annotated[bool, typer.Option("--plan", help="The schema of a plan instead of a recipe's.")] = False,
) -> None:
    """Print the JSON Schema of a recipe file, with the keys of every installed backend."""
    import qrecipe

    typer.echo(json.dumps(qrecipe.plan_schema() if of_plan else qrecipe.recipe_schema(), indent=1))
