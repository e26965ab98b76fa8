"""A folder build cut into tasks: every tensor of the checkpoint is copied, or encoded into its modules' arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.backends.folder.sink import ArrayPlace, RecordSink, Segment
from qrecipe.backends.rows import faults
from qrecipe.backends.rows.place import Place
from qrecipe.backends.rows.tasks import Encoding, copies, encodings
from qrecipe.backends.rows.work import Origin, RowSink
from qrecipe.errors import BuildError
from qrecipe.types.format import TypeUse
from qrecipe.types.scheme import ITEM_BITS
from qrecipe.types.tensor import TensorInfo

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module
    from qrecipe.backends.folder.layout import Placed, Shards
    from qrecipe.types.source import StoredTensor
    from qrecipe.types.target import Job
    from qrecipe.types.task import Limits, Task


def folder_tasks(job: Job, modules: Sequence[Module], shards: Shards, limits: Limits) -> Sequence[Task]:
    """Return the tasks in the order of the modules; BuildError if plan, checkpoint and plug-ins do not go together."""
    places = _places(job, shards)
    grouped: dict[str, list[Module]] = {}
    for module in modules:
        grouped.setdefault(module.source, []).append(module)
    return tuple(task for group in grouped.values() for task in _source_tasks(job, group, places, limits))


Places = Mapping[str, Sequence[tuple["Placed", Place]]]


def _places(job: Job, shards: Shards) -> Places:
    """Return where the arrays of each module lie in the staged files, in the order of its scheme."""
    found: dict[str, list[tuple[Placed, Place]]] = {}
    folder = job.target.output
    for each in shards.placed:
        shard = shards.shards[each.shard]
        place = Place(Path(job.paths[folder + shard.name]), len(shard.header) + each.start)
        found.setdefault(each.module.name, []).append((each, place))
    return found


def _source_tasks(job: Job, group: Sequence[Module], places: Places, limits: Limits) -> Iterator[Task]:
    module = group[0]
    origin = _origin(job, module)
    if module.scheme is None:
        return _plain(job, module, origin, places, limits)
    assert module.tensor is not None  # noqa: S101 - what has a scheme was decided
    assert module.use is not None  # noqa: S101 - likewise
    sink = RecordSink(
        tuple(Segment(*each.rows, _arrays(each, places)) for each in group),
        module.scheme.nbytes((1, module.shape[-1]), ()),
    )
    encoding = Encoding(job, module.tensor, module.use, module.scheme, origin)
    return encodings(encoding, sink, limits, _first_matrix(module))


def _plain(job: Job, module: Module, origin: Origin, places: Places, limits: Limits) -> Iterator[Task]:
    place = places[module.name][0][1]
    if module.dtype == origin.stored.dtype:
        return copies(origin, Place(place.path, place.offset, origin.row_bytes), limits)
    found = job.formats[module.dtype]
    sink: RowSink = Place(place.path, place.offset, found.nbytes((1, origin.tensor.cols), ()))
    return encodings(Encoding(job, origin.tensor, TypeUse(found), found, origin), sink, limits)


def _origin(job: Job, module: Module) -> Origin:
    checkpoint = job.original or job.checkpoint
    stored = checkpoint.tensors.get(module.source)
    if stored is None:
        missing = TensorInfo(module.source, module.shape, module.dtype, module.dtype, module.source)
        raise BuildError(faults.not_as_planned(missing, None, checkpoint.reference))
    found = job.formats.get(stored.dtype)
    if found is None and module.dtype != stored.dtype:
        raise BuildError(faults.undecodable(_described(stored)))
    return Origin(checkpoint, _described(stored), found)


def _described(stored: StoredTensor) -> TensorInfo:
    return TensorInfo(stored.name, stored.shape, stored.dtype, stored.dtype, stored.name)


def _arrays(module: Module, places: Places) -> tuple[ArrayPlace, ...]:
    assert module.scheme is not None  # noqa: S101 - asked for quantized modules
    by_suffix = {placed.array.suffix: place for placed, place in places[module.name]}
    return tuple(
        ArrayPlace(by_suffix[array.suffix], array.row_bytes, module.shape[0], array.along, ITEM_BITS[array.dtype] // 8)
        for array in module.scheme.arrays(*module.shape)
        if array.along is not None
    )


def _first_matrix(module: Module) -> int:
    """Return the place of a checkpoint's tensor in the stack that was decided about: its imatrix is that one's."""
    names = () if module.tensor is None else module.tensor.source_names
    return names.index(module.source) if module.source in names else 0
