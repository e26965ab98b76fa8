"""Options that several commands share, and the checks that are about usage rather than input (exit code 2)."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from qrecipe.cli import complete

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}

Recipe = Annotated[
    str,
    typer.Argument(
        help="A recipe's path, or the name of a shipped recipe.", metavar="RECIPE", autocompletion=complete.recipes
    ),
]
RecipeOrPlan = Annotated[
    str,
    typer.Argument(
        help="A recipe's path, the name of a shipped one, or a plan file.",
        metavar="RECIPE",
        autocompletion=complete.recipes_and_plans,
    ),
]
Source = Annotated[
    str | None,
    typer.Option(
        help="The checkpoint, instead of the recipe's own: a path, pkg:NAME or hf://ORG/NAME.", metavar="SOURCE"
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Set a variable of the recipe; may be repeated.", metavar="NAME=VALUE"),
]
NoLock = Annotated[bool, typer.Option("--no-lock", help="Leave out what made the artifact (its lock).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def settings(given: list[str] | None) -> dict[str, str]:
    """Return `--set a=b` as a mapping; a usage error for what has no `=`."""
    pairs = [text.partition("=") for text in given or ()]
    for name, equals, _ in pairs:
        if not equals or not name:
            raise typer.BadParameter(f"{name!r} is not NAME=VALUE", param_hint="--set")
    return {name.strip(): value for name, _, value in pairs}


def memory(text: str) -> int:
    """Return `512MB`, `2GiB` or a number of bytes as bytes."""
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,3})?)\s*([KMG]I?)?B?", text.strip().upper())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no amount of memory; write 512MB or 2GiB", param_hint="--memory")
    return int(float(found[1]) * _UNITS[found[2] or ""])
