"""Ways to begin: a recipe's file, a copy of a shipped one, a recipe for a checkpoint; and which there are."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from qrecipe.api.replan import is_plan_file
from qrecipe.api.starting import copy_recipe, new_recipe
from qrecipe.errors import Diagnostic, RecipeError
from qrecipe.recipe.document import MAX_BYTES, read_text
from qrecipe.recipe.load import load_recipe, load_recipe_text
from qrecipe.recipe.shipped import shipped_bases, shipped_recipes

_MOST_RECENT = 12
_LIB = "lib:"
_EXTENDS = """\
qrecipe = 1
name = "{name}"
extends = ["{base}"]
inventory = "lib:gemma-4-e2b"  # a model to see it on; source = "…" names a checkpoint

[[targets]]
backend = "gguf"
output = "${{name}}.gguf"
"""


@dataclass(frozen=True, slots=True)
class Shipped:
    """What comes with the tool: its name, what it says of itself, and whether it is a base that recipes extend."""

    name: str
    description: str
    base: bool = False


def opened(reference: str) -> tuple[str, Path, Path | None, str]:
    """Return name, folder, file (None without one) and text of what is put on a desk."""
    path = Path(reference)
    if _is_recipe(path):
        return path.name, path.absolute().parent, path.absolute(), read_text(path, reference)
    if is_plan_file(path):
        raise RecipeError(_plan(reference))
    if reference in shipped_recipes():
        return reference, Path.cwd(), None, copy_recipe(reference)
    if reference.startswith(_LIB) and reference.removeprefix(_LIB) in shipped_bases():
        return reference, Path.cwd(), None, _for_base(reference)
    if path.suffix == ".toml":
        load_recipe(reference)  # raises what is wrong with it
    return reference, Path.cwd(), None, new_recipe(reference)


def shipped() -> tuple[Shipped, ...]:
    """Return the recipes that come with the tool, then the bases."""
    bases = [f"{_LIB}{name}" for name in shipped_bases()]
    return (
        *(Shipped(name, load_recipe(name).description) for name in shipped_recipes()),
        *(Shipped(name, _description(name), base=True) for name in bases),
    )


def _description(base: str) -> str:
    return load_recipe_text(_for_base(base), Path.cwd(), file=base).family[1].model.description


def _for_base(base: str) -> str:
    name = base.removeprefix(_LIB).replace("/", "-")
    return _EXTENDS.format(name=f"{name}-mine", base=base)


def recents() -> tuple[Path, ...]:
    """Return the recipes that were opened last and are still there, the last one first."""
    try:
        found = json.loads(_record().read_text(encoding="utf-8")[:MAX_BYTES])
    except (OSError, ValueError):
        return ()
    paths = [Path(each) for each in found if isinstance(each, str)] if isinstance(found, list) else []
    return tuple(path for path in paths[:_MOST_RECENT] if path.is_file())


def remember(path: Path) -> None:
    """Put a recipe first among the recent ones. Where that cannot be written, nothing is remembered."""
    paths = [path.absolute(), *(each for each in recents() if each != path.absolute())]
    record = _record()
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps([str(each) for each in paths[:_MOST_RECENT]]), encoding="utf-8")
    except OSError:
        return


def _record() -> Path:
    folder = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(folder) / "qrecipe" / "recent.json"


def _is_recipe(path: Path) -> bool:
    try:
        return path.is_file() and path.suffix == ".toml"
    except OSError:
        return False


def _plan(reference: str) -> Diagnostic:
    return Diagnostic(
        "plan-for-recipe",
        f"{reference} is a plan, and no recipe",
        why="a plan's decisions are made: there is nothing left to edit",
        fix="open the recipe that it was made from",
    )
