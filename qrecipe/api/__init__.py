"""Every use case as a function that returns values: no printing, no exit codes. `import qrecipe` offers the same names.

Importing this costs the whole tool; `qrecipe/__init__.py` looks its names up on first use.
"""

from qrecipe.api.building import BuildResult, Built, build, rehearse
from qrecipe.api.looking import Inspection, formats, inspect
from qrecipe.api.questions import check, explain, plan, plan_json, plan_schema
from qrecipe.planner.explain import Explanation, RuleVerdict
from qrecipe.planner.plan import Plan, TargetPlan

__all__ = [
    "BuildResult",
    "Built",
    "Explanation",
    "Inspection",
    "Plan",
    "RuleVerdict",
    "TargetPlan",
    "build",
    "check",
    "explain",
    "formats",
    "inspect",
    "plan",
    "plan_json",
    "plan_schema",
    "rehearse",
]
