"""What an imatrix file holds, for people: coverage by tensor and by matrix (expert)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic


@dataclass(frozen=True, slots=True)
class ImatrixEntry:
    """The data for one weight.

    Attributes:
        name: The weight.
        matrices: How many matrices of a stack it tells apart; 1 in the legacy form, whatever the tensor has.
        columns: Values of each of them.
        least: Tokens that reached the matrix with the fewest; in the legacy form, calls of the tensor.
        most: And the one with the most.
        uncounted: Matrices that no token reached: they are quantized as if there were no imatrix.
        scarce: Matrices that were reached by less than a tenth of what the tensor's matrices were on average.
    """

    name: str
    matrices: int
    columns: int
    least: int
    most: int
    uncounted: tuple[int, ...] = ()
    scarce: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ImatrixInspection:
    """What `inspect_imatrix` finds.

    Attributes:
        file: The file.
        form: `gguf`, or `dat` for the older one, which cannot say how often an expert was reached.
        entries: In the file's order.
        datasets: Texts that it was made from.
        chunk_count: How many pieces of text.
        chunk_size: Tokens of each; 0 where the file does not say.
        findings: Warnings: experts without data, and, with a model, weights that have none.
    """

    file: str
    form: str
    entries: tuple[ImatrixEntry, ...]
    datasets: tuple[str, ...] = ()
    chunk_count: int = 0
    chunk_size: int = 0
    findings: tuple[Diagnostic, ...] = ()
