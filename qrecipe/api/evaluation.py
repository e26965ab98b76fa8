"""Measuring quality: what `qrecipe` offers of it. Apart from the other use cases, since it loads numpy."""

from qrecipe.api.evaluating import evaluate, evaluate_tensors
from qrecipe.api.evaluating_bench import EvalSettings
from qrecipe.api.evaluating_output import check_outputs, costs_json, write_costs, write_plot
from qrecipe.types.evaluation import Estimate, Evaluated, Evaluation, Measures, Quantile, TensorCost, TensorCosts

__all__ = [
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
]
