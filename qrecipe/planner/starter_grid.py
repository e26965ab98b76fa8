"""A recipe to begin with for weights on a training's grid: each tensor gets the type that holds its grid, certified.

One rule for each role of block matrices, or for some of its blocks where they differ, and one for each other matrix;
what most tensors get is the last rule, for everything else. What is on no grid, or only in part, is kept.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qrecipe.errors import printable
from qrecipe.planner.starter import head, role_of, said, target_lines
from qrecipe.recipe.toml_text import toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qrecipe.planner.resolve import Model
    from qrecipe.planner.starter import Destination
    from qrecipe.types.grid import Grid, GridInspection, TensorGrid
    from qrecipe.types.tensor import TensorInfo

_KEEP = "keep"


def grid_starter(model: Model, into: Destination, found: GridInspection, *, name: str, source: str) -> str:
    """Return the text of a recipe called `name` for a checkpoint at `source`, in which these grids were found."""
    grids = {each.tensor: each for each in found.tensors}
    reached = [tensor for tensor in model.inventory.tensors if tensor.name not in model.protected]
    types = {tensor.name: _type(tensor, grids.get(tensor.name), into) for tensor in reached}
    keys = [
        said("qrecipe = 1", "version of the language"),
        said(f"name = {toml_value(name)}", "${name} in the output below"),
        said(f"source = {toml_value(source)}", "the checkpoint; a path is relative to this file"),
    ]
    rules = [
        "",
        "# Types follow from the grids that a few rows of each matrix are on; `qrecipe inspect --grid` shows them,",
        "# with --exact from all rows. Protected tensors stay as they are. The build says how many blocks are",
        "# certified; lattice(else=error) in place of lattice stops it where one is not.",
        *_rules(reached, types, grids),
    ]
    pieces = (head(model, source), keys, rules if reached else [], target_lines(into))
    return "\n".join("\n".join(piece) for piece in pieces if piece) + "\n"


def grid_words(grid: Grid) -> str:
    """Return a grid in words: `4 bits, a BF16 scale for 32 columns`."""
    along, across = ("columns", "row") if grid.axis == "row" else ("rows", "column")
    low, high = grid.codes
    codes = f"{grid.width} bits" if low + high < 0 else f"{low} to {high}"
    each = f"each {across}" if grid.group is None else f"{grid.group} {along}"
    return f"{codes}, {'an' if grid.scale.startswith('F') else 'a'} {grid.scale} scale for {each}"


def _type(tensor: TensorInfo, found: TensorGrid | None, into: Destination) -> str:
    """Return the type that holds a tensor's grid, `keep` where there is none or the target does not take it."""
    if found is None or found.grid is None or found.type == _KEEP:
        return _KEEP
    return _KEEP if into.objection(found.type.partition("(")[0], tensor) is not None else found.type


def _rules(tensors: Sequence[TensorInfo], types: dict[str, str], grids: dict[str, TensorGrid]) -> Iterator[str]:
    most = Counter(types.values()).most_common(1)
    rest = most[0][0] if most else _KEEP
    groups: dict[tuple[str, str], list[TensorInfo]] = {}
    for tensor in tensors:
        if types[tensor.name] != rest:
            groups.setdefault((role_of(tensor) or tensor.name, types[tensor.name]), []).append(tensor)
    for (role, type_), members in groups.items():
        of_role = [tensor for tensor in tensors if role_of(tensor) == role]
        yield from _rule(_pattern(role, members, of_role), type_, _why(members, grids))
    yield from _rule("**", rest, _why([t for t in tensors if types[t.name] == rest], grids))


def _rule(match: str, type_: str, why: str) -> Iterator[str]:
    yield from ("[[rules]]", f"match = {toml_value(match)}", f'type  = "{type_}"', f"why   = {toml_value(why)}")


def _pattern(role: str, members: Sequence[TensorInfo], of_role: Sequence[TensorInfo]) -> str:
    """Return what covers these tensors: a role of all blocks, of some, or a name with what patterns mean escaped."""
    if not of_role:
        return "".join(f"\\{c}" if c in "\\*?[]{},|" else c for c in role)
    if len(members) == len(of_role):
        return f"blk.*.{role}"
    return f"blk.{_blocks(sorted({t.layer for t in members if t.layer is not None}))}.{role}"


def _blocks(layers: Sequence[int]) -> str:
    """Return `7`, `{0..3}` or `{{0..3},7}`."""
    runs: list[list[int]] = []
    for layer in layers:
        if runs and layer == runs[-1][1] + 1:
            runs[-1][1] = layer
        else:
            runs.append([layer, layer])
    parts = [str(first) if first == last else f"{{{first}..{last}}}" for first, last in runs]
    return parts[0] if len(parts) == 1 else f"{{{','.join(parts)}}}"


def _why(tensors: Sequence[TensorInfo], grids: dict[str, TensorGrid]) -> str:
    """Say what was seen: the most frequent grid, or why there is none."""
    seen = Counter(_seen(grids.get(tensor.name)) for tensor in tensors)
    words, count = seen.most_common(1)[0]
    return words if count == len(tensors) else f"{words}, in {count} of {len(tensors)}"


def _seen(found: TensorGrid | None) -> str:
    if found is None:
        return "not looked at"
    return printable(found.why) if found.grid is None else grid_words(found.grid)
