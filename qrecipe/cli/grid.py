"""`qrecipe inspect --grid`: the grids of a checkpoint as a table, a line for tensors that are alike, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from qrecipe import Grid, GridInspection, TensorGrid

_COLUMNS = (
    ("tensor", "left"),
    ("blocks", "left"),
    ("grid", "left"),
    ("scales", "left"),
    ("on it", "right"),
    ("type that holds it", "left"),
    ("certified", "right"),
)


def show_grids(found: GridInspection, console: Console, *, every: bool) -> None:
    """Print the table, what is mixed, and what to do next."""
    from qrecipe.cli.render import count, table
    from qrecipe.errors import printable

    groups = [[each] for each in found.tensors] if every else _alike(found.tensors)
    on = sum(each.grid is not None for each in found.tensors)
    looked = "from all rows" if any(each.exact for each in found.tensors) else "from a few rows of each"
    title = f"{count(len(found.tensors), 'matrix').replace('matrixs', 'matrices')}, {on} on a grid, {looked}"
    console.print(table(title, _COLUMNS, (_row(group) for group in groups)))
    for each in found.tensors:
        if each.runs:
            console.print(printable(f"{each.tensor} is mixed: {'; '.join(_runs(each))}"), markup=False)
    if found.others:
        others = count(found.others, "other tensor")
        console.print(f"{others}: vectors, and what is quantized already", markup=False)
    if on:
        console.print(printable(f"a recipe for this: qrecipe new --from-grid {found.reference}"), markup=False)


def grid_document(found: GridInspection) -> dict[str, object]:
    """Return the same for machines."""
    return {
        "reference": found.reference,
        "arch": found.arch or None,
        "others": found.others,
        "grids": [_document(each) for each in found.tensors],
    }


def _alike(tensors: Sequence[TensorGrid]) -> list[list[TensorGrid]]:
    """Group block matrices of one role that have the same grid; scales may differ."""
    groups: dict[tuple[object, ...], list[TensorGrid]] = {}
    for each in tensors:
        grid = each.grid
        key = None if grid is None else (grid.width, grid.symmetric, grid.group, grid.axis)
        groups.setdefault((_role(each)[0], key, each.type, each.why), []).append(each)
    return list(groups.values())


def _role(each: TensorGrid) -> tuple[str, int | None]:
    """Return `blk.*.ffn_up.weight` and 3 for a block's tensor, and the name alone for any other."""
    parts = each.tensor.split(".")
    if parts[0] == "blk" and len(parts) > 2 and parts[1].isdecimal():  # noqa: PLR2004 - blk, number, role
        return ".".join(["blk", "*", *parts[2:]]), int(parts[1])
    return each.tensor, None


def _row(group: Sequence[TensorGrid]) -> tuple[str, ...]:
    from qrecipe.types.quantity import ranges

    first, numbers = group[0], [n for each in group if (n := _role(each)[1]) is not None]
    name, blocks = (first.tensor, "") if len(group) == 1 else (_role(first)[0], ranges(numbers))
    if first.grid is None:
        return name, blocks, first.why, "", "", first.type, ""
    scales = ", ".join(sorted({each.grid.scale for each in group if each.grid is not None}))
    on = _share(sum(each.certified for each in group), sum(each.blocks for each in group))
    counts = [each.counts for each in group]
    held = _share(sum(c.certified for c in counts), sum(c.blocks for c in counts))
    return name, blocks, _words(first.grid), scales, on, first.type, held


def _share(part: int, whole: int) -> str:
    """Return a percentage that is 100 only for all; '' of nothing."""
    return f"{10_000 * part // whole / 100:.2f}%" if whole else ""


def _words(grid: Grid) -> str:
    low, high = grid.codes
    along, across = ("columns", "row") if grid.axis == "row" else ("rows", "column")
    each = f"each {across}" if grid.group is None else f"{grid.group} {along}"
    return f"{low} to {high}, a scale for {each}"


def _runs(each: TensorGrid) -> Iterator[str]:
    for run in each.runs:
        yield f"from row {run.row} {'on no grid' if run.grid is None else _words(run.grid)}"


def _document(each: TensorGrid) -> dict[str, object]:
    return {
        "tensor": each.tensor,
        "shape": each.shape,
        "dtype": each.dtype,
        "grid": _grid(each.grid),
        "why": each.why or None,
        "exact": each.exact,
        "rows": each.rows,
        "groups": each.blocks,
        "on_grid": each.certified,
        "runs": [{"row": run.row, "grid": _grid(run.grid)} for run in each.runs],
        "type": each.type,
        "blocks": each.counts.blocks,
        "certified": each.counts.certified,
        "near": each.counts.near,
    }


def _grid(grid: Grid | None) -> dict[str, object] | None:
    if grid is None:
        return None
    low, high = grid.codes
    return {
        "bits": grid.width,
        "low": low,
        "high": high,
        "axis": grid.axis,
        "group": grid.group,
        "scale": grid.scale,
    }
