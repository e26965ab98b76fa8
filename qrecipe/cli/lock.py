"""The lock of an artifact, as `qrecipe inspect --lock` shows it; errors for files that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from qrecipe.errors import Diagnostic, QrecipeError, printable
from qrecipe.types.lock import LOCK_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from qrecipe.types.lock import LockedMeasure, WrittenLock


_SAYS_MORE = "`qrecipe verify` says more"


def lock_of(file: str) -> WrittenLock:
    """Return a file's lock; QrecipeError without one."""
    import qrecipe

    found = qrecipe.read_lock(file)
    if found is None:
        raise QrecipeError(_no_lock(file))
    return found


def put_recipe(found: WrittenLock) -> None:
    """Write the recipe to stdout, as bytes: whatever the locale, a redirected recipe is UTF-8."""
    typer.echo(found.lock.recipe.encode(), nl=False)


def show_lock(found: WrittenLock, console: Console) -> None:
    """Print what a lock says, digests of tensors left out."""
    from qrecipe.cli.render import count

    lock = found.lock
    sealed = "" if found.sealed else f", which is not this {'lock' if found.file else 'header'}'s: {_SAYS_MORE}"
    console.print(f"lock, version {LOCK_VERSION}, of {count(len(found.tensors), 'tensor')}", markup=False)
    for label, text in (
        ("recipe", lock.name),
        ("target", lock.target),
        ("source", lock.source),
        ("source digest", lock.source_digest),
        ("plan digest", lock.plan_digest),
        ("imatrix digest", lock.imatrix_digest or "none: made without an imatrix"),
        ("lock digest" if found.file else "header digest", found.header_digest + sealed),
        *(("made with", version) for version in lock.versions),
        *(("only", pattern) for pattern in found.only),
        *(("fits", words) for words in _fits(found)),
        *(("changed", f"{damage.what}: {_SAYS_MORE}") for damage in found.damage if found.sealed),
    ):
        console.print(f"{label:<16}{printable(text)}", markup=False)
    console.print("--recipe writes the recipe, --json has the tensors' types and digests", markup=False)


def lock_document(found: WrittenLock) -> dict[str, object]:
    """Return a lock for JSON."""
    from qrecipe.cli.document import finding

    lock = found.lock
    return {
        "lock": LOCK_VERSION,
        "name": lock.name,
        "target": lock.target,
        "recipe": lock.recipe,
        "source": lock.source,
        "source_digest": lock.source_digest,
        "plan_digest": lock.plan_digest,
        "imatrix_digest": lock.imatrix_digest or None,
        "versions": lock.versions,
        "header_digest": found.header_digest,
        "sealed": found.sealed,
        "file": found.file or None,
        "changed": [finding(damage) for damage in found.damage],
        "only": found.only,
        "tensors": [
            {
                "name": t.name,
                "type": t.type,
                "stored": t.stored,
                "source_digest": t.source_digest,
                "digest": t.digest,
                "measure": _measure(t.measure),
            }
            for t in found.tensors
        ],
    }


def _measure(measure: LockedMeasure | None) -> dict[str, object] | None:
    if measure is None:
        return None
    return {
        "blocks": measure.blocks,
        "certified": measure.certified,
        "near": measure.near,
        "weights": measure.weights,
        "identical": measure.identical,
        "rmse": measure.rmse,
    }


def _fits(found: WrittenLock) -> Iterator[str]:
    """Say what came of the fits that the recipe chose."""
    measures = [tensor.measure for tensor in found.tensors if tensor.measure is not None]
    if measures:
        blocks, certified = sum(m.blocks for m in measures), sum(m.certified for m in measures)
        weights, identical = sum(m.weights for m in measures), sum(m.identical for m in measures)
        counted = f"{certified:,} of {blocks:,} blocks certified, " if blocks else ""
        yield f"{counted}{identical:,} of {weights:,} weights identical, in {len(measures)} fitted tensors"


def _no_lock(file: str) -> Diagnostic:
    return Diagnostic(
        "no-lock",
        f"{file} has no lock",
        why="it was not built by qrecipe, or with --no-lock, so nothing in it says what made it",
        fix="ask whoever published it; `qrecipe inspect` without --lock shows its types and metadata",
    )
