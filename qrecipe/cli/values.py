"""How close tensors are to their source, as rows of a table and as JSON, for `verify --source` and `plan --measure`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe import TensorValues

COLUMNS = (
    ("tensor", "left"),
    ("type", "left"),
    ("source", "left"),
    ("RMSE", "right"),
    ("relative", "right"),
    ("max error", "right"),
    ("identical", "right"),
    ("certified", "right"),
)


def value_row(values: TensorValues) -> tuple[str, ...]:
    """Return the cells of one tensor."""
    return (
        values.tensor,
        values.type,
        values.source_type,
        f"{values.rmse:.3g}",
        f"{values.relative:.2%}" if math.isfinite(values.relative) else "inf",
        f"{values.max_error:.3g}",
        f"{math.floor(values.identical * 10000) / 100:.2f}%",
        f"{10_000 * values.certified // values.blocks / 100:.2f}%" if values.blocks else "",
    )


def value_document(values: TensorValues) -> dict[str, object]:
    """Return the same for JSON."""
    return {
        "tensor": values.tensor,
        "type": values.type,
        "source_type": values.source_type,
        "weights": values.weights,
        "rmse": _finite(values.rmse),
        "relative": _finite(values.relative),
        "max_error": _finite(values.max_error),
        "identical": values.identical,
        "blocks": values.blocks,
        "certified": values.certified,
    }


def _finite(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None
