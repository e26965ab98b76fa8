"""`qrecipe types`: every type that a recipe may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from qrecipe.cli import options

if TYPE_CHECKING:
    from qrecipe.types.format import Format

_COLUMNS = (
    ("type", "left"),
    ("family", "left"),
    ("bits", "right"),
    ("block", "right"),
    ("imatrix", "left"),
    ("GGUF id", "right"),
    ("arguments", "left"),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("types")(_types)


def _types(as_json: options.Json = False) -> None:
    """List the types with their sizes, blocks and arguments, and how they use an imatrix."""
    import qrecipe
    from qrecipe.cli import document, render

    found = qrecipe.formats()
    if as_json:
        document.show(types=[_document(format_) for format_ in found])
        return
    rows = [tuple("" if cell is None else str(cell) for cell in _row(format_)) for format_ in found]
    render.out().print(render.table("keep: stored as it is, in every family", _COLUMNS, rows))


def _document(found: Format) -> dict[str, object]:
    keys = ("type", "family", "bits_per_weight", "block", "imatrix", "gguf_id", "arguments")
    return dict(zip(keys, _row(found), strict=True))


def _row(found: Format) -> tuple[object, ...]:
    arguments = ", ".join(f"{a.name}={'|'.join(map(str, a.choices)) or a.default}" for a in found.arguments)
    bits = None if found.bits is None else round(found.bits, 4)
    return found.name, found.family, bits, found.block, found.imatrix, found.gguf_id, arguments
