"""Every use case as a function that returns values: no printing, no exit codes. `import qrecipe` offers the same names.

Importing this costs the whole tool; `qrecipe/__init__.py` looks its names up on first use.
"""

from qrecipe.api.building import BuildResult, Built, build, rehearse
from qrecipe.api.grids import inspect_grid
from qrecipe.api.imatrices import combine_imatrices, inspect_imatrix
from qrecipe.api.importing import import_recipe
from qrecipe.api.looking import Inspection, Plugin, formats, inspect, plugins
from qrecipe.api.measuring import measure
from qrecipe.api.plugin_starting import new_plugin
from qrecipe.api.questions import check, explain, plan, plan_json, plan_schema, recipe_schema
from qrecipe.api.starting import copy_recipe, new_recipe
from qrecipe.api.verifying import read_lock, verify
from qrecipe.planner.explain import Explanation, RuleVerdict
from qrecipe.planner.plan import Plan, TargetPlan
from qrecipe.recipe.shipped import shipped_recipes
from qrecipe.types.dialect import Imported
from qrecipe.types.grid import Grid, GridInspection, GridRun, TensorGrid
from qrecipe.types.imatrix import ImatrixEntry, ImatrixInspection
from qrecipe.types.lock import Lock, LockedTensor, WrittenLock
from qrecipe.types.verification import Measurement, TensorValues, Verification

__all__ = [
    "BuildResult",
    "Built",
    "Explanation",
    "Grid",
    "GridInspection",
    "GridRun",
    "ImatrixEntry",
    "ImatrixInspection",
    "Imported",
    "Inspection",
    "Lock",
    "LockedTensor",
    "Measurement",
    "Plan",
    "Plugin",
    "RuleVerdict",
    "TargetPlan",
    "TensorGrid",
    "TensorValues",
    "Verification",
    "WrittenLock",
    "build",
    "check",
    "combine_imatrices",
    "copy_recipe",
    "explain",
    "formats",
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
]
