"""`qrecipe inspect`: what a checkpoint's headers say."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from qrecipe.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from qrecipe import Inspection
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import StoredTensor

_LONGEST = 60  # characters of a metadata value that are shown


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("inspect")(_inspect)


def _inspect(  # noqa: PLR0913, PLR0917 - one parameter a flag, as typer wants them
    file: Annotated[str, typer.Argument(help="A .gguf or .safetensors file, a folder, pkg:NAME or hf://ORG/NAME.")],
    as_json: options.Json = False,
    lock: Annotated[bool, typer.Option("--lock", help="Show what made the artifact.")] = False,
    recipe: Annotated[bool, typer.Option("--recipe", help="With --lock: write its recipe to stdout.")] = False,
    grid: Annotated[bool, typer.Option("--grid", help="Show which tensors are on a training's grid.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help="With --grid: look at every row, not at a few.")] = False,
    every: Annotated[bool, typer.Option("--all", help="With --grid: one line a tensor.")] = False,
    threads: Annotated[int | None, typer.Option(help="With --grid: workers.", min=1, max=1024)] = None,
) -> None:
    """Show a checkpoint's files, metadata and tensors, or an artifact's lock. Only --grid reads weights."""
    if recipe and (as_json or not lock):
        raise typer.BadParameter("it goes with --lock, and without --json", param_hint="--recipe")
    if (exact or every or threads) and not grid:
        raise typer.BadParameter("it goes with --grid", param_hint="--exact" if exact else "--all or --threads")
    if grid:
        if lock:
            raise typer.BadParameter("it does not go with --lock", param_hint="--grid")
        _grid(file, exact=exact, threads=threads, as_json=as_json, every=every)
        return
    if lock:
        _lock(file, as_json=as_json, recipe=recipe)
        return
    _headers(file, as_json=as_json)


def _headers(file: str, *, as_json: bool) -> None:
    import qrecipe
    from qrecipe.cli import document, render
    from qrecipe.errors import printable

    found = qrecipe.inspect(file)
    if as_json:
        document.show(**_document(found))
    else:
        _show(found, render.out())
    for warning in found.checkpoint.warnings:
        render.err().print(f"warning: {printable(warning)}", markup=False)
    if not as_json:
        render.show(found.findings)


def _grid(file: str, *, exact: bool, threads: int | None, as_json: bool, every: bool) -> None:
    import qrecipe
    from qrecipe.cli import document, render
    from qrecipe.cli.grid import grid_document, show_grids
    from qrecipe.cli.progress import Reporter

    with Reporter(render.err(), "looking") as reporter:
        found = qrecipe.inspect_grid(file, exact=exact, threads=threads, on_event=reporter if exact else None)
    if as_json:
        document.show(**grid_document(found))
    else:
        show_grids(found, render.out(), every=every)


def _lock(file: str, *, as_json: bool, recipe: bool) -> None:
    from qrecipe.cli import document, render
    from qrecipe.cli.lock import lock_document, lock_of, put_recipe, show_lock

    found = lock_of(file)
    if recipe:
        put_recipe(found)
    elif as_json:
        document.show(**lock_document(found))
    else:
        show_lock(found, render.out())


def _document(found: Inspection) -> dict[str, object]:
    from qrecipe.cli.document import finding

    checkpoint, names = found.checkpoint, _canonical(found)
    return {
        "container": checkpoint.container,
        "quantized": found.quantized,
        "arch": found.inventory.arch or None,
        "header_digest": checkpoint.header_digest,
        "files": [{"name": f.name, "bytes": f.nbytes, "header_bytes": f.header_bytes} for f in checkpoint.files],
        "metadata": {entry.key: _plain(entry) for entry in checkpoint.metadata or ()},
        "tensors": [
            {"name": t.name, "type": t.dtype, "shape": t.shape, "bytes": t.nbytes}
            | ({"bits": round(_bits(t), 4)} if found.formats else {})
            | ({"canonical": names.get(t.name)} if names else {})
            for t in checkpoint.tensors.values()
        ],
        "findings": [finding(each) for each in found.findings],
    }


def _bits(tensor: StoredTensor) -> float:
    """Return the bits of a weight."""
    return 8 * tensor.nbytes / max(math.prod(tensor.shape), 1)


def _plain(entry: MetadataEntry) -> object:
    """Return a scalar as it is, but text for a number that JSON lacks, and an array as its length."""
    value = entry.scalar()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return {"array": entry.count} if value is None else value


def _show(found: Inspection, console: Console) -> None:
    from qrecipe.cli.render import count, table
    from qrecipe.errors import printable
    from qrecipe.types.quantity import size

    checkpoint = found.checkpoint
    for file in checkpoint.files:
        name = printable(file.name)
        console.print(f"{name}: {checkpoint.container}, {file.nbytes:,} bytes ({size(file.nbytes)})", markup=False)
    rows = [(entry.key, _short(entry)) for entry in checkpoint.metadata or ()]
    if found.quantized is not None:
        console.print(f"quantized with {printable(found.quantized)}, as config.json says", markup=False)
    if rows:
        console.print(table("metadata", (("key", "left"), ("value", "left")), rows))
    console.print(_tensors(found))
    kinds = Counter(t.dtype for t in checkpoint.tensors.values())
    counts = printable(", ".join(f"{n} {kind}" for kind, n in kinds.most_common()))
    if found.quantized is not None and not found.formats:  # nobody knows which arrays are codes of how many weights
        console.print(
            f"{count(len(checkpoint.tensors), 'array')}, {found.tensor_bytes:,} bytes: {counts}", markup=False
        )
        return
    weights = sum(math.prod(t.shape) for t in checkpoint.tensors.values())
    bits = 8 * found.tensor_bytes / max(weights, 1)
    console.print(f"{weights:,} weights, {bits:.2f} bits per weight: {counts}", markup=False)


def _tensors(found: Inspection) -> object:
    """Return the table of tensors, with the names that recipes use where the checkpoint has others."""
    from qrecipe.cli.render import count, shape, table

    names = _canonical(found)
    columns = [("tensor", "left"), ("shape", "left"), ("type", "left"), ("bytes", "right")]
    columns += [("bits", "right")] if found.formats else []
    rows = []
    for tensor in found.checkpoint.tensors.values():
        row = [tensor.name, shape(tensor.shape), tensor.dtype, f"{tensor.nbytes:,}"]
        row += [f"{_bits(tensor):.2f}"] if found.formats else []
        rows.append((*row, names.get(tensor.name, "left out")) if names else tuple(row))
    noun = "array" if found.quantized is not None and not found.formats else "tensor"
    return table(count(len(rows), noun), [*columns, ("in recipes", "left")] if names else columns, rows)


def _canonical(found: Inspection) -> dict[str, str]:
    """Return the canonical names of a checkpoint that has others; {} for one that needs none, or that nobody knows."""
    if not found.inventory.architecture:
        return {}
    return {name: tensor.name for tensor in found.inventory.tensors for name in tensor.source_names}


def _short(entry: MetadataEntry) -> str:
    from qrecipe.cli.render import count

    value = entry.scalar()
    if value is None:
        return count(entry.count, "value")
    text = str(value).replace("\n", " ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
