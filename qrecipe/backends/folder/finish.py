"""What comes last in a folder build: headers, constant arrays, the files beside the weights, and the lock over all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.backends.folder import faults
from qrecipe.backends.folder.documents import config_json, index_json
from qrecipe.backends.folder.layout import CONFIG, INDEX, LOCK
from qrecipe.backends.folder.lock import UNSEALED, LockFile, by_source, locked_type, splits
from qrecipe.backends.rows.place import Place
from qrecipe.errors import BuildError
from qrecipe.types.lock import LockedMeasure, LockedTensor, names_fit
from qrecipe.types.piece import PieceWritten, whole

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module
    from qrecipe.backends.folder.layout import Shards
    from qrecipe.types.origin import Origin
    from qrecipe.types.target import Job


def finish(
    job: Job,
    modules: Sequence[Module],
    shards: Shards,
    added: Mapping[str, object],
    results: Mapping[str, Sequence[object]],
) -> None:
    """Write everything but the weights. BuildError where a file is not as long as was planned."""
    origin = job.inventory.origin
    assert origin is not None  # noqa: S101 - `tasks` has refused a build without
    files = {shard.name: shard.header for shard in shards.shards}
    _constants(job, shards)
    digests = {name: _put(job, name, header) for name, header in files.items()}
    if len(shards.shards) > 1:
        digests[INDEX] = _put_whole(job, INDEX, index_json(shards))
    digests |= {companion: _put_whole(job, companion, data) for companion, data in _companions(job, origin)}
    config = origin.config or {}
    if job.provenance.lock is None:
        _put_whole(job, CONFIG, config_json(config, added, job.target, None))
        return
    digests[CONFIG] = hashlib.sha256(config_json(config, added, job.target, UNSEALED)).hexdigest()
    tensors = [_locked(module, job, results) for module in by_source(modules).values()]
    lock = LockFile(job.provenance.lock, digests, tensors, splits(modules), job.provenance.only)
    sealed = _put_whole(job, LOCK, lock.filled(_planned(job, LOCK) or 0))
    _put_whole(job, CONFIG, config_json(config, added, job.target, sealed))


def _constants(job: Job, shards: Shards) -> None:
    for each in shards.placed:
        if each.array.constant:
            shard = shards.shards[each.shard]
            Place(_path(job, shard.name), len(shard.header) + each.start).write(each.array.constant)


def _companions(job: Job, origin: Origin) -> Iterator[tuple[str, bytes]]:
    """Yield the files that are copied; each must be as long as it was."""
    folder = (job.original or job.checkpoint).folder or Path()
    for companion in origin.companions:
        try:
            data = (folder / companion.name).read_bytes()
        except OSError:
            data = None
        if data is None or len(data) != companion.nbytes:
            found = None if data is None else len(data)
            raise BuildError(faults.companion_changed(companion.name, str(folder), companion.nbytes, found))
        yield companion.name, data


def _locked(module: Module, job: Job, results: Mapping[str, Sequence[object]]) -> LockedTensor:
    """Return what the lock says of a tensor of the checkpoint."""
    found = whole(results[module.source])
    type_ = locked_type(module, (job.original or job.checkpoint).tensors[module.source].dtype)
    stored = module.dtype if module.scheme is None else module.scheme.name
    measure = _measure(found) if names_fit(type_) else None
    return LockedTensor(module.source, type_, found.digests.source.hex(), found.digests.output.hex(), measure, stored)


def _measure(found: PieceWritten) -> LockedMeasure:
    counts, measured = found.counts, found.measured
    blocks = (counts.blocks, counts.certified, counts.near)
    return LockedMeasure(*blocks, measured.weights, measured.identical, measured.squares)


def _put_whole(job: Job, name: str, data: bytes) -> str:
    """Write all of a file; BuildError where that is not its planned size."""
    planned = _planned(job, name)
    if len(data) != planned:
        raise BuildError(faults.file_size(name, len(data), planned))
    return _put(job, name, data)


def _put(job: Job, name: str, data: bytes) -> str:
    Place(_path(job, name), 0).write(data)
    return hashlib.sha256(data).hexdigest()


def _planned(job: Job, name: str) -> int | None:
    path = job.target.output + name
    return next((file.nbytes for file in job.layout.files if file.path == path), None)


def _path(job: Job, name: str) -> Path:
    return job.paths[job.target.output + name]
