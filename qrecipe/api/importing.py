"""Other tools' rules → recipes: the dialect is found, the model opened if it is at hand, the file written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.opening import open_model
from qrecipe.api.outcome import model_with
from qrecipe.api.starting import kept, writable
from qrecipe.api.targets import Facts, resolve_targets
from qrecipe.errors import Diagnostic, RecipeError, SourceAbsentError
from qrecipe.host.catalog import make_catalog
from qrecipe.planner.resolve import Model
from qrecipe.recipe.load import load_recipe_text
from qrecipe.recipe.reference import is_relative, moved
from qrecipe.recipe.syntax import did_you_mean, shown
from qrecipe.types.dialect import Imported

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.types.tensor import Inventory

_HEAD = 'qrecipe = 1\nname = "tried"\n'


def import_recipe(
    words: str | Sequence[str],
    *,
    dialect: str = "llama-quantize",
    source: str | Path | None = None,
    output: str | Path | None = None,
) -> Imported:
    """Return the recipe that another tool's command line means, with warnings about what it cannot say.

    Args:
        words: The command line, as one text or as words, with or without the tool's name.
        dialect: Which tool's.
        source: The model, if it is another than the command line names, or lies elsewhere.
        output: A file to write the recipe to.

    Raises:
        QrecipeError: The command line has a fault, or says what no recipe can; the model cannot be read, or is needed
            and not at hand; the output exists.
    """
    given = (words,) if isinstance(words, str) else tuple(words)
    catalog = make_catalog()
    found = catalog.dialects.get(dialect)
    if found is None:
        raise RecipeError(_unknown(dialect, catalog))
    reference = str(source) if source is not None else found.source(given)
    folder = Path.cwd() if output is None else Path(output).parent

    def seen_from_there(path: str) -> str:
        return writable(moved(path, Path.cwd(), folder) if is_relative(path) else path)

    imported = found.read(given, seen_from_there(reference), _model(reference, catalog), seen_from_there)
    kept(imported.recipe, output)
    return imported


def _model(reference: str, catalog: Catalog) -> _OpenedModel | None:
    """Open the model; None where it is not at hand."""
    try:
        checkpoint, inventory = open_model(reference, Path.cwd(), catalog)
    except SourceAbsentError:
        return None
    tensors = sorted(checkpoint.tensors.values(), key=lambda tensor: (tensor.file, tensor.offset))
    return _OpenedModel(inventory, [tensor.name for tensor in tensors], catalog)


@dataclass(frozen=True, slots=True)
class _OpenedModel:
    """A `DialectModel`."""

    inventory: Inventory
    stored: Sequence[str]
    catalog: Catalog

    def types(self, recipe: str, *, imatrix: bool = False, counted: Sequence[str] | None = None) -> Mapping[str, str]:
        """Resolve a recipe over the model; a tensor that no type fits is left out."""
        loaded = load_recipe_text(_HEAD + recipe, Path.cwd())
        known = model_with(self.inventory)
        names = frozenset(tensor.name for tensor in self.inventory.tensors) if imatrix else None
        facts = Facts(Model(self.inventory, known.protected, names, counted))
        found = resolve_targets(loaded, facts, self.catalog)
        resolved = found.resolutions.get("gguf")
        if resolved is None:
            raise RecipeError(*found.errors)
        return {decision.tensor.name: decision.type.format.name for decision in resolved.decisions}


def _unknown(dialect: str, catalog: Catalog) -> Diagnostic:
    known = ", ".join(catalog.dialects)
    return Diagnostic(
        "unknown-dialect",
        f"nothing is imported from {shown(dialect)}",
        why=f"known are {known}",
        fix=did_you_mean(dialect, catalog.dialects, otherwise="install a plug-in that reads it"),
    )
