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
        Inspection,
        Plan,
        RuleVerdict,
        TargetPlan,
        build,
        check,
        explain,
        formats,
        inspect,
        plan,
        plan_json,
        plan_schema,
        rehearse,
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
    "Explanation",
    "Inspection",
    "Location",
    "Plan",
    "PlanError",
    "PluginError",
    "QrecipeError",
    "RecipeError",
    "RuleVerdict",
    "SourceError",
    "Span",
    "TargetPlan",
    "__version__",
    "build",
    "check",
    "explain",
    "formats",
    "hookimpl",
    "inspect",
    "plan",
    "plan_json",
    "plan_schema",
    "rehearse",
]

_ERRORS = frozenset(name for name in __all__ if name.endswith("Error")) | {"Diagnostic", "Location", "Span"}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - import qrecipe costs nothing

        return version("qrecipe")
    if name not in __all__:
        raise AttributeError(f"module 'qrecipe' has no attribute {name!r}")
    home = "qrecipe.errors" if name in _ERRORS else "qrecipe.hooks" if name == "hookimpl" else "qrecipe.api"
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
