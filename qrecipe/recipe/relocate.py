"""A recipe's own text for another folder: every byte as it was but for the references that depend on the folder.

Comments stay. A shipped base or inventory that is named by a path becomes `lib:NAME`, which reads the same anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.recipe.reference import is_relative, moved
from qrecipe.recipe.shipped import LIB, shipped_bases, shipped_folder, shipped_inventories
from qrecipe.recipe.toml_text import toml_value

if TYPE_CHECKING:
    from qrecipe.recipe.locate import KeyPath
    from qrecipe.recipe.recipe import Recipe


def relocated(recipe: Recipe, folder: Path) -> str:
    """Return the text of the recipe's own file as it is to stand in `folder`; what it extends stays where it is."""
    document = recipe.family[0].document
    text, spans = document.places.text, document.places.values
    for key, reference in sorted(_relative(recipe), key=lambda found: spans[found[0]], reverse=True):
        start, end = spans[key]
        new = _shipped(document.folder / reference) or moved(reference, document.folder, folder)
        if new != reference:
            text = text[:start] + toml_value(new) + text[end:]
    return text


def _relative(recipe: Recipe) -> Iterator[tuple[KeyPath, str]]:
    """Yield key path and text of every reference that depends on the folder, as its variables fill it in."""
    model = recipe.family[0].model
    for index, parent in enumerate(model.extends):
        if not parent.startswith(LIB) and not Path(parent).is_absolute():
            yield ("extends", index), parent
    for key in ("source", "inventory", "imatrix"):
        written, filled = getattr(model, key), getattr(recipe, key)
        if written is not None and is_relative(filled):
            yield (key,), written


def _shipped(path: Path) -> str | None:
    """Return `lib:NAME` for the file of a shipped base or inventory."""
    folder = shipped_folder()
    files = {folder / "lib" / f"{name}.toml": name for name in shipped_bases()}
    files |= {folder / "inventories" / f"{name}.json": name for name in shipped_inventories()}
    name = {file.resolve(): name for file, name in files.items()}.get(path.resolve())
    return None if name is None else f"{LIB}{name}"
