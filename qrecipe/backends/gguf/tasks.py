"""A GGUF build cut into tasks: each tensor is copied, or decoded, encoded and written behind the header.

Everything that can be refused without reading a weight is refused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qrecipe.backends.rows import faults
from qrecipe.backends.rows.place import Place
from qrecipe.backends.rows.tasks import Encoding, copies, encodings
from qrecipe.backends.rows.work import Origin
from qrecipe.errors import BuildError

if TYPE_CHECKING:
    from qrecipe.types.decision import Decision
    from qrecipe.types.target import Job
    from qrecipe.types.task import Limits, Task


def gguf_tasks(job: Job, limits: Limits) -> Sequence[Task]:
    """Return the tasks in the order of the file; BuildError if plan, checkpoint and plug-ins do not go together."""
    return tuple(task for decision in job.decisions for task in _tensor_tasks(job, decision, limits))


def _tensor_tasks(job: Job, decision: Decision, limits: Limits) -> Iterator[Task]:
    part = job.layout.parts[decision.tensor.name][0]
    use, origin = decision.type, _origin(job, decision)
    row = use.format.nbytes((1, decision.tensor.cols), use.args)
    place = Place(job.paths[part.file], part.offset, row)
    if decision.copied:
        return copies(origin, place, limits)
    rows = decision.tensor.rows * decision.tensor.stacked
    if row * rows != part.nbytes:
        raise BuildError(faults.dishonest_size(decision.tensor, use, row * rows, part.nbytes))
    return encodings(Encoding(job, decision.tensor, use, use.format, origin), place, limits)


def _origin(job: Job, decision: Decision) -> Origin:
    tensor, stored = decision.tensor, job.checkpoint.tensors.get(decision.tensor.name)
    if stored is None or (stored.dtype, stored.shape) != (tensor.dtype, tensor.shape):
        raise BuildError(faults.not_as_planned(tensor, stored, job.checkpoint.reference))
    found = decision.type.format if decision.copied else job.formats.get(tensor.dtype)
    if found is None:
        raise BuildError(faults.undecodable(tensor))
    return Origin(job.checkpoint, tensor, found)
