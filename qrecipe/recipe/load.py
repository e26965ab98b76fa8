"""A recipe by path or by name → `Recipe`: read, checked against the model, merged with what it extends.

A path that exists wins; else the name of a shipped recipe. Everything that is known without a model and without
plug-ins is checked here, and what is wrong is raised together. Rules are parsed later (`Recipe.rules_for`): what they
may name depends on plug-ins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qrecipe.errors import Diagnostic, Location, RecipeError
from qrecipe.recipe.document import parse_document
from qrecipe.recipe.extend import Written, family_of, identity_of, read_written, recipes_in
from qrecipe.recipe.recipe import Recipe
from qrecipe.recipe.salvage import checked
from qrecipe.recipe.settings import Setting, variables_of
from qrecipe.recipe.shipped import LIB, lib, shipped_recipe, shipped_recipes
from qrecipe.recipe.syntax import did_you_mean
from qrecipe.recipe.targets import RecipeTarget, targets_of
from qrecipe.recipe.unused import unused_variables
from qrecipe.recipe.variables import Variables

_NOTHING: Mapping[str, Setting] = {}


def load_recipe(reference: str | Path, *, set: Mapping[str, Setting] = _NOTHING) -> Recipe:  # noqa: A002 - the flag's name
    """Load a recipe by path, by the name of a shipped one, or as `lib:NAME`; RecipeError with all of its faults.

    `set` overrides variables, as `--set` does.
    """
    path, shown = _found(reference)
    return _merged(read_written(path, shown, inherited=shown.startswith(LIB)), set)


def load_recipe_text(
    text: str,
    folder: Path,
    *,
    file: str = "recipe.toml",
    set: Mapping[str, Setting] = _NOTHING,  # noqa: A002 - the flag's name
) -> Recipe:
    """Load a recipe from its text, as if it stood in `folder` under the name `file`."""
    document = parse_document(text, folder, file)
    return _merged(Written(document, checked(document), identity_of(folder / Path(file).name), inherited=False), set)


def _found(reference: str | Path) -> tuple[Path, str]:
    """Return the file and what messages call it."""
    name = str(reference)
    if name.startswith(LIB):
        return lib(name.removeprefix(LIB)), name
    path = Path(reference)
    try:
        exists = path.exists()
    except OSError:
        exists = True  # reading it tells what is wrong
    if exists:
        return path, name
    shipped = shipped_recipe(name)
    if shipped is None:
        raise RecipeError(_missing(name, path))
    return shipped, name


def _missing(name: str, path: Path) -> Diagnostic:
    shipped = shipped_recipes()
    beside = [str(path.with_name(name)) for name in recipes_in(path.parent)]
    as_path = path.suffix == ".toml" or len(path.parts) > 1
    return Diagnostic(
        "recipe-missing",
        f"there is no file {name}"
        if as_path
        else f"there is no recipe {name!r}: no such file, and none of the shipped",
        Location(),
        why=f"the recipes that come with the tool: {', '.join(shipped)}",
        fix=did_you_mean(
            name, [*beside, *shipped], otherwise="give the path of a .toml file, or a shipped recipe's name"
        ),
    )


def _merged(child: Written, settings: Mapping[str, Setting]) -> Recipe:
    family = family_of(child)
    variables = variables_of(family, settings)
    merging = _Merging(family, variables)
    source, inventory, imatrix = (merging.reference(key) for key in ("source", "inventory", "imatrix"))
    description = merging.text(child, "description", child.model.description)
    targets = merging.targets()
    merging.errors += unused_variables(family, variables)
    if merging.errors:
        raise RecipeError(*dict.fromkeys(merging.errors))
    requantize = merging.first("requantize")
    return Recipe(
        name=child.model.name,
        description=description,
        file=child.file,
        folder=child.document.folder,
        source=source[0],
        source_folder=source[1],
        inventory=inventory[0],
        inventory_folder=inventory[1],
        imatrix=imatrix[0],
        imatrix_folder=imatrix[1],
        requantize=bool(requantize is not None and requantize.model.requantize),
        targets=targets,
        variables=variables,
        family=family,
        places=merging.places,
    )


@dataclass(slots=True)
class _Merging:
    """Takes each key from the earliest recipe that has it; notes faults and places."""

    family: tuple[Written, ...]
    variables: Variables
    errors: list[Diagnostic] = field(default_factory=list)
    places: dict[str, Location] = field(default_factory=dict)

    def first(self, key: str) -> Written | None:
        """Return the earliest recipe that has a key."""
        found = next((one for one in self.family if getattr(one.model, key) is not None), None)
        if found is not None:
            self.places[key] = found.document.places.value((key,))
        return found

    def reference(self, key: str) -> tuple[str | None, Path]:
        """Return a reference, variables filled in, and the folder that it is relative to."""
        found = self.first(key)
        if found is None:
            return None, self.family[0].document.folder
        return self.text(found, key, getattr(found.model, key)), found.document.folder

    def text(self, recipe: Written, key: str, text: str) -> str:
        """Return a string with its variables filled in."""
        try:
            return self.variables.text(text, recipe.document.places.string((key,), text))
        except RecipeError as error:
            self.errors += error.diagnostics
            return text

    def targets(self) -> tuple[RecipeTarget, ...]:
        """Return what the recipe makes."""
        try:
            return targets_of(self.family, self.variables)
        except RecipeError as error:
            self.errors += error.diagnostics
            return ()
