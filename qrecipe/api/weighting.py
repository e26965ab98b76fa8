"""What an imatrix does not weight, in words: nothing of it is silent, and nothing of it stops a build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location
from qrecipe.planner.faults import listed, tensors

if TYPE_CHECKING:
    from qrecipe.planner.plan import Imatrix
    from qrecipe.types.decision import Decision

_NAMED = 8  # experts of a tensor that a message names


def unweighted(decisions: Sequence[Decision], imatrix: Imatrix) -> Iterator[Diagnostic]:
    """Yield a warning about tensors without data that would be weighted; those that need data are errors elsewhere."""
    lacking = [
        decision.tensor.name
        for decision in decisions
        if not decision.copied
        and decision.type.format.imatrix == "used"
        and decision.type.fit.name == "auto"
        and decision.tensor.name not in imatrix.names
    ]
    if lacking:
        yield Diagnostic(
            "imatrix-unweighted",
            f"the imatrix has no data for {tensors(lacking)}, which will be quantized without",
            Location(file=imatrix.file),
            why="their types use data where there is any; embeddings and MTP blocks mostly have none",
            fix="if that is meant, write fit=rtn behind their types; if not, make the imatrix anew",
            severity="warning",
        )


def uncounted(file: str, experts: Mapping[str, Sequence[int]]) -> Iterator[Diagnostic]:
    """Yield a warning about experts that no token reached, by tensor."""
    if experts:
        count = sum(map(len, experts.values()))
        named = [f"{name} [{_numbers(missed)}]" for name, missed in experts.items()]
        yield Diagnostic(
            "imatrix-uncounted",
            f"the imatrix has no data for {count} {'expert' if count == 1 else 'experts'}: {listed(named)}",
            Location(file=file),
            why="no token of the text reached them; they are quantized as without an imatrix",
            fix="make the imatrix from more text, or of more kinds",
            severity="warning",
        )


def _numbers(experts: Sequence[int]) -> str:
    return ", ".join(map(str, experts[:_NAMED])) + (", …" if len(experts) > _NAMED else "")
