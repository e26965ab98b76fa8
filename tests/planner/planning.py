"""Plans without files: recipe text and a list of tensors in, resolutions out. What the planner's tests share."""

from __future__ import annotations

from pathlib import Path

from qrecipe.api.targets import Facts, closed_sets, resolve_targets
from qrecipe.errors import PlanError
from qrecipe.host.catalog import make_catalog
from qrecipe.inventory.order import canonical_order, layer_of, role_of
from qrecipe.planner.protect import protected_tensors
from qrecipe.planner.resolve import Model
from qrecipe.recipe.load import load_recipe_text
from qrecipe.recipe.protected import protected_patterns
from qrecipe.types.tensor import Inventory, ModelFacts, TensorInfo

HEAD = 'qrecipe = 1\nname = "case"\nsource = "nowhere.gguf"\n'


def tensor(name: str, shape, dtype: str = "BF16", source_names=()) -> TensorInfo:
    return TensorInfo(name, tuple(shape), dtype, dtype, role_of(name), layer_of(name), tuple(source_names))


def inventory(tensors, *, arch: str = "test", mapped: bool = True, **facts) -> Inventory:
    ordered = canonical_order(tensors, mapped=mapped)
    return Inventory(ordered, arch, mapped, ModelFacts(**facts), metadata=())


def resolved(text: str, model: Inventory, *, imatrix=None, plugins=(), folder=Path("/nowhere")):
    """Return what `resolve_targets` says of a recipe's lines over a model."""
    catalog = make_catalog(*plugins, discover=False)
    recipe = load_recipe_text(HEAD + text, folder, file="case.toml")
    listed, release = protected_patterns(model.protected, model.arch)
    facts = Facts(Model(model, protected_tensors(model, listed, release), imatrix))
    return resolve_targets(recipe, facts, catalog)


def decisions(text: str, model: Inventory, **given):
    """Return name → decision of the first target; PlanError with all errors."""
    result = resolved(text, model, **given)
    if result.errors:
        raise PlanError(*result.errors)
    return {decision.tensor.name: decision for decision in result.targets[0].decisions}


__all__ = ["HEAD", "closed_sets", "decisions", "inventory", "resolved", "tensor"]
