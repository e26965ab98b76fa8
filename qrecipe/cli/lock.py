"""The lock of an artifact, as `qrecipe inspect --lock` shows it; errors for files that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from qrecipe.errors import Diagnostic, QrecipeError, printable
from qrecipe.types.lock import LOCK_VERSION

if TYPE_CHECKING:
    from rich.console import Console

    from qrecipe.types.lock import WrittenLock


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
    sealed = "" if found.sealed else ", which is not this header's: `qrecipe verify` says more"
    console.print(f"lock, version {LOCK_VERSION}, of {count(len(found.tensors), 'tensor')}", markup=False)
    for label, text in (
        ("recipe", lock.name),
        ("target", lock.target),
        ("source", lock.source),
        ("source digest", lock.source_digest),
        ("plan digest", lock.plan_digest),
        ("imatrix digest", lock.imatrix_digest or "none: made without an imatrix"),
        ("header digest", found.header_digest + sealed),
        *(("made with", version) for version in lock.versions),
        *(("only", pattern) for pattern in found.only),
    ):
        console.print(f"{label:<16}{printable(text)}", markup=False)
    console.print("--recipe writes the recipe, --json has the tensors' types and digests", markup=False)


def lock_document(found: WrittenLock) -> dict[str, object]:
    """Return a lock for JSON."""
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
        "only": found.only,
        "tensors": [
            {"name": t.name, "type": t.type, "source_digest": t.source_digest, "digest": t.digest}
            for t in found.tensors
        ],
    }


def _no_lock(file: str) -> Diagnostic:
    return Diagnostic(
        "no-lock",
        f"{file} has no lock",
        why="it was not built by qrecipe, or with --no-lock, so nothing in it says what made it",
        fix="ask whoever published it; `qrecipe inspect` without --lock shows its types and metadata",
    )
