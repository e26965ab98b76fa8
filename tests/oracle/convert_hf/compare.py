"""Compares two GGUF files as `goldens.Contents`: tensors and keys one by one, order, and the whole file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.oracle.convert_hf import checkpoints, goldens, ours
from tests.oracle.convert_hf.families import Case, Family
from tests.oracle.convert_hf.goldens import Contents

_SHOWN = 12


def check(family: Family, case: Case, work: Path) -> int:
    """Build a case with qrecipe and hold it against its golden; 0 if all is equal."""
    folder = work / "qrecipe" / family.name / case.name
    result = folder / "built.gguf"
    ours.build(checkpoints.write(family, case.stored, folder), case.out, family.pre, result)
    return report(f"{family.name} {case.name}", goldens.read_case(family, case.name), goldens.contents(result))


def report(name: str, expected: Contents, found: Contents) -> int:
    """Print a line, and a line for each of the first differences; 0 if there are none."""
    whole = "equal" if expected.file == found.file else "DIFFERENT"
    tensors = _equal(expected.tensors, found.tensors)
    print(
        f"{name}: {tensors} tensors, {_equal(expected.metadata, found.metadata)} keys equal; file {whole}", flush=True
    )
    lines = _differences(expected.tensors, found.tensors) + _differences(expected.metadata, found.metadata)
    for line in lines[:_SHOWN]:
        print(f"  {line}")
    return int(bool(lines) or whole != "equal")


def _equal(expected: Sequence[str], found: Sequence[str]) -> str:
    return f"{len(set(expected) & set(found))} of {len(expected)}"


def _differences(expected: Sequence[str], found: Sequence[str]) -> list[str]:
    """Return what is lacking (-), too much (+), or, if nothing is, the first that is out of order."""
    lines = [f"- {line}" for line in expected if line not in found] + [
        f"+ {line}" for line in found if line not in expected
    ]
    if lines:
        return lines
    return next(
        (
            [f"order: {theirs} expected, found {mine}"]
            for theirs, mine in zip(expected, found, strict=True)
            if theirs != mine
        ),
        [],
    )
