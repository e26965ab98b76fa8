"""Where the files that come with the tool are: recipes, their bases under `lib/`, inventories, models.

An installed wheel has them in the package (`qrecipe/shipped`), an editable install in the repository's `recipes` and
`models`. Names are paths without the suffix (`llama/base`), a model's is its folder's. A name never leads out of there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qrecipe.errors import Diagnostic, Location, RecipeError, SourceError

LIB = "lib:"
_NO_RECIPES = ("protected",)  # data that lies beside the bases


def shipped_folder() -> Path:
    """Return the folder with everything that is shipped."""
    installed = _installed()
    return installed if installed.is_dir() else installed.parents[1] / "recipes"


def shipped_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that can be built by name."""
    return _names(shipped_folder(), ".toml", recursive=False)


def shipped_bases() -> tuple[str, ...]:
    """Return the names that may stand behind `lib:` in `extends`."""
    return tuple(name for name in _names(shipped_folder() / "lib", ".toml") if name not in _NO_RECIPES)


def shipped_inventories() -> tuple[str, ...]:
    """Return the names that may stand behind `lib:` in `inventory`."""
    return _names(shipped_folder() / "inventories", ".json")


def shipped_recipe(name: str) -> Path | None:
    """Return the file of a shipped recipe, None if there is none of that name."""
    return shipped_folder() / f"{name}.toml" if name in shipped_recipes() else None


def lib(name: str, where: Location | None = None) -> Path:
    """Return the file of `lib:NAME`; RecipeError that points at `where`."""
    known = shipped_bases()
    if name not in known:
        raise RecipeError(_unknown("base recipe", name, known, where))
    return shipped_folder() / "lib" / f"{name}.toml"


def shipped_inventory(name: str, where: Location | None = None) -> Path:
    """Return the file of the inventory `lib:NAME`; RecipeError that points at `where`."""
    known = shipped_inventories()
    if name not in known:
        raise RecipeError(_unknown("inventory", name, known, where))
    return shipped_folder() / "inventories" / f"{name}.json"


def shipped_models() -> tuple[str, ...]:
    """Return the names that may stand behind `lib:` in `source`."""
    return tuple(sorted(config.parent.name for config in _models().glob("*/config.json")))


def shipped_model(name: str, where: Location | None = None) -> Path:
    """Return the folder of the model `lib:NAME`; SourceError that points at `where`."""
    known = shipped_models()
    if name not in known:
        raise SourceError(_unknown("model", name, known, where))
    return _models() / name


def _installed() -> Path:
    return Path(__file__).parents[1] / "shipped"


def _models() -> Path:
    installed = _installed()
    return (installed if installed.is_dir() else installed.parents[1]) / "models"


def _names(folder: Path, suffix: str, *, recursive: bool = True) -> tuple[str, ...]:
    found = folder.rglob(f"*{suffix}") if recursive else folder.glob(f"*{suffix}")
    return tuple(sorted(path.relative_to(folder).as_posix().removesuffix(suffix) for path in found))


def _unknown(kind: str, name: str, known: Sequence[str], where: Location | None) -> Diagnostic:
    from qrecipe.recipe.syntax import did_you_mean  # noqa: PLC0415 - the shell completes names, and cannot wait for Lark

    listed = ", ".join(LIB + one for one in known) or "none"
    return Diagnostic(
        "unknown-shipped",
        f"no {kind} is shipped as {LIB}{name}",
        where,
        why=f"shipped are {listed}",
        fix=did_you_mean(LIB + name, [LIB + one for one in known], otherwise="write the path of a file instead"),
    )
