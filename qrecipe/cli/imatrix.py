"""`qrecipe imatrix`: what an imatrix file holds; several made one, one form made the other."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from qrecipe.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qrecipe import ImatrixEntry, ImatrixInspection

_BLOCK = re.compile(r"blk\.(\d{1,9})\.(.+)", re.ASCII)
_SHOWN = 8  # numbers of experts in a row


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("imatrix")(_imatrix)


def _imatrix(
    files: Annotated[list[str], typer.Argument(help="One imatrix file, or several of one model.", metavar="FILE...")],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Add the files up and write this one; none is replaced.", metavar="PATH"),
    ] = None,
    form: Annotated[Literal["gguf", "dat"], typer.Option("--form", help="With --output: what to write.")] = "gguf",
    source: Annotated[
        str | None, typer.Option("--source", help="Hold the file against this model.", metavar="CHECKPOINT")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Show which tensors and experts an imatrix has data for; with --output, merge or convert."""
    import qrecipe

    if output is not None:
        if source is not None or as_json:
            raise typer.BadParameter("it goes without --output", param_hint="--source" if source else "--json")
        typer.echo(str(qrecipe.combine_imatrices(files, output=output, form=form)))
        return
    if len(files) > 1:
        raise typer.BadParameter("name the file to make of these with --output", param_hint="FILE")
    _show(qrecipe.inspect_imatrix(files[0], source=source), as_json=as_json)


def _show(found: ImatrixInspection, *, as_json: bool) -> None:
    from qrecipe.cli import document, render

    if as_json:
        fields = asdict(found)
        del fields["findings"]
        document.show(**fields, findings=[document.finding(each) for each in found.findings])
        return
    columns = [("role", "left"), ("layers", "left"), ("tensors", "right"), ("matrices", "right"), ("columns", "right")]
    columns += [("tokens" if found.form == "gguf" else "calls", "right"), ("without data", "left"), ("scarce", "left")]
    entries = f"{len(found.entries)} {'entry' if len(found.entries) == 1 else 'entries'}"
    chunks = f", {render.count(found.chunk_count, 'chunk')}" if found.chunk_count else ""
    render.out().print(render.table(f"{found.form}: {entries}{chunks}", columns, _rows(found.entries)))
    render.show(found.findings)


def _rows(entries: Sequence[ImatrixEntry]) -> Iterator[Sequence[str]]:
    """Yield a row for the entries of a role that look alike; those with experts to tell have rows of their own."""
    from qrecipe.types.quantity import ranges

    groups: dict[tuple[str, int, int, str], list[ImatrixEntry]] = {}
    for entry in entries:
        role, _ = _role(entry.name)
        told = entry.name if entry.uncounted or entry.scarce else ""
        groups.setdefault((role, entry.matrices, entry.columns, told), []).append(entry)
    for (role, matrices, columns, _), alike in groups.items():
        layers = [layer for layer in (_role(each.name)[1] for each in alike) if layer is not None]
        least, most = min(each.least for each in alike), max(each.most for each in alike)
        tokens = str(least) if least == most else f"{least}-{most}"
        size = str(len(alike)), str(matrices), str(columns)
        yield role, ranges(layers), *size, tokens, _numbers(alike[0].uncounted), _numbers(alike[0].scarce)


def _role(name: str) -> tuple[str, int | None]:
    short = name.removesuffix(".weight")
    found = _BLOCK.fullmatch(short)
    return (short, None) if found is None else (found[2], int(found[1]))


def _numbers(experts: Sequence[int]) -> str:
    shown = ", ".join(map(str, experts[:_SHOWN]))
    return shown if len(experts) <= _SHOWN else f"{shown} and {len(experts) - _SHOWN} more"
