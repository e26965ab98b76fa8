"""qrecipe: declarative quantization recipes for language models.

    import qrecipe

    plan = qrecipe.plan("recipe.toml")
    print(plan.targets[0].file_bytes)
    qrecipe.build(plan, output="out")

Names are looked up on first use (PEP 562): `import qrecipe` itself loads nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.api import (
        BuildResult,
        Built,
        Explanation,
        Grid,
        GridInspection,
        GridRun,
        ImatrixEntry,
        ImatrixInspection,
        Imported,
        Inspection,
        Lock,
        LockedTensor,
        Measurement,
        Plan,
        Plugin,
        RuleVerdict,
        TargetPlan,
        TensorGrid,
        TensorValues,
        Verification,
        WrittenLock,
        build,
        check,
        combine_imatrices,
        copy_recipe,
        explain,
        formats,
        import_recipe,
        inspect,
        inspect_grid,
        inspect_imatrix,
        measure,
        new_plugin,
        new_recipe,
        plan,
        plan_json,
        plan_schema,
        plugins,
        read_lock,
        recipe_schema,
        rehearse,
        shipped_recipes,
        verify,
    )
    from qrecipe.api.evaluation import (
        Estimate,
        EvalSettings,
        Evaluated,
        Evaluation,
        Measures,
        Quantile,
        TensorCost,
        TensorCosts,
        check_outputs,
        costs_json,
        evaluate,
        evaluate_tensors,
        write_costs,
        write_plot,
    )
    from qrecipe.errors import (
        BuildError,
        Diagnostic,
        Location,
        PlanError,
        PluginError,
        QrecipeError,
        RecipeError,
        SourceError,
        Span,
    )
    from qrecipe.hooks import hookimpl

    __version__: str

__all__ = [
    "BuildError",
    "BuildResult",
    "Built",
    "Diagnostic",
    "Estimate",
    "EvalSettings",
    "Evaluated",
    "Evaluation",
    "Explanation",
    "Grid",
    "GridInspection",
    "GridRun",
    "ImatrixEntry",
    "ImatrixInspection",
    "Imported",
    "Inspection",
    "Location",
    "Lock",
    "LockedTensor",
    "Measurement",
    "Measures",
    "Plan",
    "PlanError",
    "Plugin",
    "PluginError",
    "QrecipeError",
    "Quantile",
    "RecipeError",
    "RuleVerdict",
    "SourceError",
    "Span",
    "TargetPlan",
    "TensorCost",
    "TensorCosts",
    "TensorGrid",
    "TensorValues",
    "Verification",
    "WrittenLock",
    "__version__",
    "build",
    "check",
    "check_outputs",
    "combine_imatrices",
    "copy_recipe",
    "costs_json",
    "evaluate",
    "evaluate_tensors",
    "explain",
    "formats",
    "hookimpl",
    "import_recipe",
    "inspect",
    "inspect_grid",
    "inspect_imatrix",
    "measure",
    "new_plugin",
    "new_recipe",
    "plan",
    "plan_json",
    "plan_schema",
    "plugins",
    "read_lock",
    "recipe_schema",
    "rehearse",
    "shipped_recipes",
    "verify",
    "write_costs",
    "write_plot",
]

_ERRORS = frozenset(name for name in __all__ if name.endswith("Error")) | {"Diagnostic", "Location", "Span"}
_EVALUATION = (
    "Estimate",
    "EvalSettings",
    "Evaluated",
    "Evaluation",
    "Measures",
    "Quantile",
    "TensorCost",
    "TensorCosts",
    "check_outputs",
    "costs_json",
    "evaluate",
    "evaluate_tensors",
    "write_costs",
    "write_plot",
)
_ELSEWHERE = {  # names that need not wait for the whole tool, or for which the whole tool need not wait
    **dict.fromkeys(_EVALUATION, "qrecipe.api.evaluation"),
    **dict.fromkeys(_ERRORS, "qrecipe.errors"),
    "hookimpl": "qrecipe.hooks",
    "shipped_recipes": "qrecipe.recipe.shipped",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - import qrecipe costs nothing

        return version("qrecipe")
    if name not in __all__:
        raise AttributeError(f"module 'qrecipe' has no attribute {name!r}")
    return getattr(import_module(_ELSEWHERE.get(name, "qrecipe.api")), name)


def __dir__() -> list[str]:
    return __all__
