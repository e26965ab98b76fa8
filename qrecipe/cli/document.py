"""Pieces of JSON that several commands print. Every document has its own number, `schema`; fields are only added."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic

SCHEMA = 1  # of every document below docs/reference/json.md


def show(**fields: object) -> None:
    """Print a document on stdout."""
    typer.echo(json.dumps({"schema": SCHEMA, **fields}, indent=1))


def finding(found: Diagnostic) -> dict[str, object]:
    """Return a finding with its place, taken apart."""
    where = found.where
    return {
        "code": found.code,
        "severity": found.severity,
        "what": found.what,
        "why": found.why,
        "fix": found.fix,
        "file": where.file if where else None,
        "key_path": where.key_path if where else None,
        "line": where.line if where else None,
        "column": where.column if where else None,
    }
