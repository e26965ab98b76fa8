"""A checkpoint of arrays, and the short way from rules of thumb to a written file: what the tests of the backend share.

`build` plays the part of the api: it makes the staged file at its full size, runs the tasks and finishes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qrecipe.api.building import Results
from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.backends.gguf.options import GgufOptions
from qrecipe.codecs.builtin import FITS, FORMATS
from qrecipe.executors.inline import InlineExecutor
from qrecipe.types.decision import Decision
from qrecipe.types.format import Call, Fit, Format, TypeUse
from qrecipe.types.lock import Lock, Provenance
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from qrecipe.types.source import StoredFile, StoredTensor
from qrecipe.types.target import Job, Target
from qrecipe.types.task import Executor, Limits
from qrecipe.types.tensor import Inventory, TensorInfo

BY_NAME: Mapping[str, Format] = {found.name: found for found in FORMATS}
FITS_BY_NAME: Mapping[str, Fit] = {found.name: found for found in FITS}
ROOMY = Limits(threads=1, memory=1 << 30)
METADATA = (
    MetadataEntry.of("general.architecture", MetadataKind.STRING, "llama"),
    MetadataEntry.of("general.file_type", MetadataKind.UINT32, 1),
    MetadataEntry.of("llama.block_count", MetadataKind.UINT32, 2),
)


@dataclass(frozen=True)
class MemoryCheckpoint:
    tensors: Mapping[str, StoredTensor]
    data: Mapping[str, bytes]
    reference: str = "/models/memory.gguf"
    container: str = "gguf"
    files: tuple[StoredFile, ...] = (StoredFile("memory.gguf", 0, 0),)
    metadata: tuple[MetadataEntry, ...] | None = METADATA
    config: None = None
    header_digest: str = "0" * 64
    warnings: tuple[str, ...] = ()

    def read(self, name: str, start: int, size: int) -> bytes:
        assert 0 <= start <= start + size <= len(self.data[name])
        return self.data[name][start : start + size]


@dataclass(frozen=True)
class Model:
    """Tensors by name as (stored dtype, type to make), with their values; `keeps` names dtypes that differ."""

    tensors: tuple[TensorInfo, ...]
    checkpoint: MemoryCheckpoint
    decisions: tuple[Decision, ...]
    importance: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    metadata: tuple[MetadataEntry, ...] | None = METADATA

    @property
    def inventory(self) -> Inventory:
        return Inventory(self.tensors, "llama", metadata=self.metadata, source="memory.gguf")


def use(text: str, **args: str | int) -> TypeUse:
    return TypeUse(BY_NAME[text], tuple((k, Call(v) if k == "fit" else v) for k, v in args.items()))


def tensor(name: str, shape: tuple[int, ...], dtype: str = "F32", kept: str = "") -> TensorInfo:
    return TensorInfo(name, shape, dtype, kept or dtype, name.removesuffix(".weight"))


def model(rows: Iterable[tuple[TensorInfo, NDArray[np.float32], TypeUse]], **more: object) -> Model:
    """Store each array in its tensor's dtype and decide each type."""
    tensors, stored, data, decisions = [], {}, {}, []
    for info, values, wanted in rows:
        rows = np.ascontiguousarray(values, np.float32).reshape(-1, info.cols)
        raw = rows.tobytes() if info.dtype == "F32" else BY_NAME[info.dtype].encode(rows, (), None)
        tensors.append(info)
        data[info.name] = raw
        stored[info.name] = StoredTensor(info.name, info.dtype, info.shape, len(raw), 0, 0)
        decisions.append(Decision(info, wanted))
    return Model(tuple(tensors), MemoryCheckpoint(stored, data), tuple(decisions), **more)


def target(**metadata: object) -> Target:
    return Target("gguf", "gguf", "model.gguf", None, GgufOptions(metadata=metadata))


def job(
    it: Model,
    folder: Path,
    wanted: Target | None = None,
    notes: Mapping[str, str | int] | None = None,
    lock: Lock | None = None,
) -> Job:
    wanted = wanted or target()
    provenance = Provenance(notes or {}, lock)
    layout = GgufBackend().layout(it.inventory, it.decisions, wanted, provenance)
    staged = folder / "staged"
    with staged.open("wb") as file:
        file.truncate(layout.files[0].nbytes)
    parts = (it.inventory, it.decisions, layout, it.checkpoint)
    paths = {wanted.output: staged}
    return Job(wanted, *parts, paths, BY_NAME, FITS_BY_NAME, it.importance, provenance)


def build(
    it: Model,
    folder: Path,
    *,
    limits: Limits = ROOMY,
    executor: Executor | None = None,
    change: Callable[[Job], Job] = lambda job: job,
    **more: object,
) -> Path:
    made = change(job(it, folder, **more))
    backend = GgufBackend()
    results = Results(lambda _: None)
    (executor or InlineExecutor()).run(backend.tasks(made, limits), limits, results)
    backend.finish(made, results.by_tensor())
    return made.paths["model.gguf"]
