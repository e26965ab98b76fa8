"""`qrecipe verify`: is an artifact what was built, and how close is it to its source?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qrecipe.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from qrecipe import TensorValues, Verification

_SHOWN = 10  # tensors, and differences, without --all


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(_verify)


def _verify(  # noqa: PLR0913, PLR0917 - one parameter a flag, as typer wants them
    artifact: Annotated[str, typer.Argument(help="What `build` wrote.", metavar="ARTIFACT")],
    source: Annotated[
        str | None,
        typer.Option(help="The checkpoint that it was made from: a path, pkg:NAME or hf://ORG/NAME.", metavar="SOURCE"),
    ] = None,
    as_json: options.Json = False,
    every: Annotated[bool, typer.Option("--all", help="Every tensor's values, and every difference.")] = False,
    threads: Annotated[int | None, typer.Option(help="Workers; one a core by default.", min=1, max=1024)] = None,
    memory: Annotated[str, typer.Option(help="Most memory that the process may use.", metavar="SIZE")] = "1GiB",
) -> None:
    """Check an artifact's structure, and its digests and types against its lock; with --source, its values.

    Exit code 1 if anything differs.
    """
    import qrecipe
    from qrecipe.cli import document, render
    from qrecipe.cli.progress import Reporter

    with Reporter(render.err(), "verifying") as reporter:
        found = qrecipe.verify(
            artifact, source=source, threads=threads, memory=options.memory(memory), on_event=reporter
        )
    if as_json:
        document.show(**_document(found))
    else:
        _show(found, render.out(), every=every)
        render.show(found.differences if every else found.differences[:_SHOWN])
    raise typer.Exit(0 if found.sound else 1)


def _show(found: Verification, console: Console, *, every: bool) -> None:
    from qrecipe.cli.render import count, table
    from qrecipe.cli.values import COLUMNS, value_row
    from qrecipe.errors import printable
    from qrecipe.types.quantity import size

    bytes_ = f"{found.nbytes:,} bytes ({size(found.nbytes)})"
    console.print(printable(f"{found.artifact}: {bytes_}, {_made_by(found)}"), markup=False)
    worst = sorted(found.values, key=lambda values: values.relative, reverse=True)
    if worst:
        shown = worst if every else worst[:_SHOWN]
        title = f"{count(len(worst), 'tensor')} against {found.source}, the furthest first"
        console.print(table(title, COLUMNS, map(value_row, shown)))
        console.print(_rest(worst[len(shown) :]), markup=False)
    console.print(_verdict(found), markup=False)
    hidden = 0 if every else len(found.differences) - _SHOWN
    if hidden > 0:
        console.print(f"{_SHOWN} of them are told; --all tells {hidden} more", markup=False)


def _made_by(found: Verification) -> str:
    from qrecipe.cli.render import count

    tensors = count(found.tensors, "tensor")
    if found.lock is None:
        return tensors
    lock = found.lock.lock
    part = f" of {', '.join(found.lock.only)} only" if found.lock.only else ""
    return f"{tensors}{part}, made by {lock.name} (target {lock.target}) from {lock.source}"


def _verdict(found: Verification) -> str:
    if not found.sound:
        count = len(found.differences)
        return f"{count} difference{'s' * (count > 1)}"
    if found.lock is None:
        return "no lock: the structure is sound, and nothing says what its bytes should be"
    if found.lock.file:
        return "every file, header, type and tensor's digest is as it was written"
    return "header, types, every tensor's digest and padding are as they were written"


def _rest(hidden: Sequence[TensorValues]) -> str:
    """Say what the table leaves out."""
    if not hidden:
        return (
            "RMSE relative to the source's; identical: share of weights that are the source's once rounded to its type"
        )
    exact = sum(1 for values in hidden if values.identical == 1)
    return f"{len(hidden)} more tensors are nearer, {exact} of them identical; --all shows them"


def _document(found: Verification) -> dict[str, object]:
    from qrecipe.cli.document import finding
    from qrecipe.cli.values import value_document

    return {
        "artifact": found.artifact,
        "bytes": found.nbytes,
        "tensors": found.tensors,
        "lock": found.lock is not None,
        "source": found.source,
        "sound": found.sound,
        "differences": [finding(difference) for difference in found.differences],
        "values": [value_document(values) for values in found.values],
    }
