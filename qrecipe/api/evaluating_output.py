"""What an evaluation leaves in files: the plot, and what each tensor costs. A file gets its name when it is whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.staging import Staging
from qrecipe.errors import BuildError, Diagnostic
from qrecipe.evaluation.plot import Point, check_plot, draw
from qrecipe.types.target import OutputFile

if TYPE_CHECKING:
    from qrecipe.types.evaluation import Evaluation, TensorCost, TensorCosts

_SCHEMA = 1  # of the file of costs; fields are only added


def check_outputs(plot: Path | None, costs: Path | None, *, replace: bool = False) -> None:
    """Refuse, before any work, what could not be written at its end.

    Args:
        plot: Where a plot would go; None without one.
        costs: Where costs of tensors would go; likewise.
        replace: Existing files may be replaced.

    Raises:
        BuildError: One of them exists, or is no plot by its name.
        PluginError: matplotlib is not installed.
    """
    if plot is not None:
        check_plot(plot)
    for path in (plot, costs):
        if path is not None and (path.is_dir() or (path.exists() and not replace)):
            raise BuildError(_exists(path))


def write_plot(evaluation: Evaluation, path: str | Path, *, replace: bool = False) -> None:
    """Draw size against mean KL divergence, a point an artifact, as SVG or PNG by the file's name.

    Args:
        evaluation: What `evaluate` returned; where several ways measured, the last one's numbers are drawn.
        path: The file.
        replace: It may exist.

    Raises:
        BuildError: The file exists, its name says no form, or it cannot be written.
        PluginError: matplotlib is not installed.
    """
    final = Path(path)
    check_outputs(final, None, replace=replace)
    points = _points(evaluation)
    title = f"{Path(evaluation.source).name}, {evaluation.windows} windows of {evaluation.window} tokens"
    _written(final, lambda staged: draw(points, title, staged), replace=replace)


def costs_json(costs: TensorCosts) -> str:
    """Return what each tensor costs as JSON, tensors in the artifact's order.

    Args:
        costs: What `evaluate_tensors` returned.
    """
    evaluation = costs.evaluation
    document = {
        "schema": _SCHEMA,
        "artifact": evaluation.results[0].artifact,
        "bytes": evaluation.results[0].nbytes,
        "source": evaluation.source,
        "text_digest": evaluation.text_digest,
        "window": evaluation.window,
        "windows": evaluation.windows,
        "all": asdict(evaluation.results[0].measures),
        "tensors": [_cost(cost) for cost in costs.tensors],
    }
    return json.dumps(document, indent=1) + "\n"


def write_costs(costs: TensorCosts, path: str | Path, *, replace: bool = False) -> None:
    """Write what each tensor costs as JSON.

    Args:
        costs: What `evaluate_tensors` returned.
        path: The file.
        replace: It may exist.

    Raises:
        BuildError: The file exists, or cannot be written.
    """
    final, text = Path(path), costs_json(costs)
    check_outputs(None, final, replace=replace)
    _written(final, lambda staged: staged.write_text(text, encoding="utf-8"), replace=replace)


def _cost(cost: TensorCost) -> dict[str, object]:
    measures = None if cost.measures is None else asdict(cost.measures)
    return {
        "tensor": cost.tensor,
        "type": cost.type,
        "bytes": cost.nbytes,
        "weights": cost.weights,
        "measures": measures,
    }


def _points(evaluation: Evaluation) -> Sequence[Point]:
    """Return the artifacts as the last way has them, llama.cpp where it ran."""
    last = {each.artifact: each for each in evaluation.results if not each.control}
    return [
        Point(Path(name).stem, each.nbytes, each.measures.kld.value, each.measures.kld.error)
        for name, each in last.items()
    ]


def _written(final: Path, write: Callable[[Path], object], *, replace: bool) -> None:
    # the suffix says how a plot is drawn, and a staged file has another name
    with Staging(final.parent, (OutputFile(final.name, 0, None),), replace=replace) as staging:
        staged = staging.paths[final.name]
        named = staged.with_name(staged.name + final.suffix)
        try:
            write(named)
            named.replace(staged)
        finally:
            named.unlink(missing_ok=True)
        staging.publish()


def _exists(path: Path) -> Diagnostic:
    folder = path.is_dir()
    return Diagnostic(
        "output-exists",
        f"{path} exists{' and is a folder' if folder else ''}",
        why="nothing is overwritten without being asked to",
        fix="choose another name" if folder else "remove it, choose another name, or pass --force",
    )
