"""`FolderBackend`: a whole backend for a family of folders, as `types.target.Backend` asks for it.

A folder of safetensors under the checkpoint's own names, with its config.json, tokenizer and a lock. Everything but the
tasks is known from headers. What differs between families is asked of `family.Family`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from qrecipe.backends.folder import faults
from qrecipe.backends.folder.documents import config_json, index_json
from qrecipe.backends.folder.family import Family, Module
from qrecipe.backends.folder.layout import CONFIG, INDEX, LOCK, Placed, Shards, lay_out, whole_layout
from qrecipe.backends.folder.lock import UNSEALED, planned
from qrecipe.backends.folder.modules import modules_of, shared_sources
from qrecipe.backends.folder.options import FolderOptions
from qrecipe.errors import BuildError, Diagnostic
from qrecipe.types.artifact import Artifact
from qrecipe.types.target import OutputFile

if TYPE_CHECKING:
    from pydantic import BaseModel

    from qrecipe.types.decision import Decision
    from qrecipe.types.format import Format, TypeUse
    from qrecipe.types.lock import Provenance, WrittenLock
    from qrecipe.types.source import Checkpoint, StoredTensor
    from qrecipe.types.target import Job, Layout, Target
    from qrecipe.types.task import Limits, Task
    from qrecipe.types.tensor import Inventory, TensorInfo


def whole(stored: StoredTensor) -> tuple[tuple[str, int, int], ...]:
    """Return a tensor of the checkpoint as one module: what a family's `slices` usually answers."""
    return ((stored.name.removesuffix(".weight"), 0, prod(stored.shape[:-1])),)


@dataclass(frozen=True, slots=True)
class FolderBackend:
    """The backend of one family."""

    family: Family

    @property
    def name(self) -> str:
        """The family's."""
        return self.family.name

    @property
    def options(self) -> type[BaseModel]:
        """The family's."""
        return self.family.options

    @property
    def profiles(self) -> tuple[str, ...]:
        """The family's."""
        return self.family.profiles

    def refuses(self, inventory: Inventory, target: Target) -> Diagnostic | None:
        """Refuse what no folder can be made of, then what the family refuses."""
        return _refuses(inventory, target, self.name) or self.family.refuses(inventory, target)

    def stores(self, use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> str | None:
        """Plain floats are stored for any tensor; for the rest the family is asked."""
        if use.format.is_float:
            return None
        found = self.family.scheme(use, tensor, target, inventory)
        return found if isinstance(found, str) else None

    def stored_as(self, use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> Format:
        """Return the family's scheme; a plain float is stored as it is."""
        found = use.format if use.format.is_float else self.family.scheme(use, tensor, target, inventory)
        return use.format if isinstance(found, str) else found

    def keep(self, tensor: TensorInfo, target: Target) -> str:  # noqa: ARG002 - the same in every target
        """Return the checkpoint's own dtype."""
        return tensor.source_dtype or tensor.dtype

    def check(self, inventory: Inventory, decisions: Sequence[Decision], target: Target) -> Sequence[Diagnostic]:
        """Ask the family about all modules together."""
        if shared := tuple(shared_sources(inventory, decisions)):
            return shared
        return self.family.check(modules_of(self.family, inventory, decisions, target), inventory, target)

    def layout(
        self, inventory: Inventory, decisions: Sequence[Decision], target: Target, provenance: Provenance
    ) -> Layout:
        """Lay out the folder `target.output`."""
        modules, shards = self._shards(inventory, decisions, target, part=bool(provenance.only))
        known = inventory.origin is not None
        beside = self._beside(inventory, target, modules, shards, provenance) if known else ()
        return whole_layout(shards, target.output, beside, _by_decision(decisions, shards), known=known)

    def tasks(self, job: Job, limits: Limits) -> Sequence[Task]:
        """Cut the tensors into row ranges."""
        from qrecipe.backends.folder.tasks import folder_tasks  # noqa: PLC0415 - planning needs no codec

        if job.inventory.origin is None:
            raise BuildError(faults.no_origin(job.target))
        return folder_tasks(job, *self._of(job), limits)

    def finish(self, job: Job, results: Mapping[str, Sequence[object]]) -> None:
        """Write headers, the files beside the weights, and the lock."""
        from qrecipe.backends.folder.finish import finish  # noqa: PLC0415 - planning writes nothing

        modules, shards = self._of(job)
        finish(job, modules, shards, self.family.config(modules, job.inventory, job.target), results)

    def read_lock(self, checkpoint: Checkpoint) -> WrittenLock | None:
        """Read the lock of a folder of this family, and hold the files against it."""
        from qrecipe.backends.folder.written import written_lock  # noqa: PLC0415 - builds read no lock

        return None if self.family.schemes(checkpoint) is None else written_lock(checkpoint)

    def artifact(self, checkpoint: Checkpoint) -> Artifact | None:
        """Put the arrays of a folder of this family together."""
        schemes = self.family.schemes(checkpoint)
        if schemes is None:
            return None
        from qrecipe.backends.folder.view import view_of  # noqa: PLC0415 - builds read no artifact
        from qrecipe.backends.folder.written import split_tensors  # noqa: PLC0415 - likewise

        view = view_of(checkpoint, schemes, split_tensors(checkpoint))
        return Artifact(view, {name: found.scheme for name, found in view.quantized.items()})

    def _of(self, job: Job) -> tuple[tuple[Module, ...], Shards]:
        return self._shards(job.inventory, job.decisions, job.target, part=bool(job.provenance.only))

    def _shards(
        self, inventory: Inventory, decisions: Sequence[Decision], target: Target, *, part: bool
    ) -> tuple[tuple[Module, ...], Shards]:
        modules = modules_of(self.family, inventory, decisions, target, part=part)
        options = target.options if isinstance(target.options, FolderOptions) else FolderOptions()
        return modules, lay_out(modules, options.shard_bytes, self.family.header(modules, inventory, target))

    def _beside(
        self,
        inventory: Inventory,
        target: Target,
        modules: Sequence[Module],
        shards: Shards,
        provenance: Provenance,
    ) -> tuple[OutputFile, ...]:
        """Return the files beside the weights, the lock last."""
        origin = inventory.origin
        assert origin is not None  # noqa: S101 - asked where the checkpoint is at hand
        added = self.family.config(modules, inventory, target)
        digest = None if provenance.lock is None else UNSEALED
        sizes = {CONFIG: len(config_json(origin.config or {}, added, target, digest))}
        if len(shards.shards) > 1:
            sizes[INDEX] = len(index_json(shards))
        sizes |= {companion.name: companion.nbytes for companion in origin.companions}
        if provenance.lock is not None:
            names = [*(shard.name for shard in shards.shards), *sizes]
            sizes[LOCK] = planned(provenance.lock, names, modules, provenance.only)
        return tuple(OutputFile(target.output + name, nbytes, 0) for name, nbytes in sizes.items())


def _refuses(inventory: Inventory, target: Target, name: str) -> Diagnostic | None:
    if not target.output.endswith("/"):
        return faults.file_output(target, name)
    origin = inventory.origin
    if origin is None:
        return None if inventory.metadata is None else faults.gguf_source(target, inventory, name)
    if origin.config is None:
        return faults.no_config(target, inventory, name)
    method = origin.config.get("quantization_config")
    if isinstance(method, Mapping):
        return faults.quantized_source(target, inventory, str(method.get("quant_method", "unknown method")))
    return None


def _by_decision(decisions: Sequence[Decision], shards: Shards) -> dict[str, list[Placed]]:
    """Return the arrays of each decided tensor, and of what is copied besides under its own name."""
    found: dict[str, list[Placed]] = {decision.tensor.name: [] for decision in decisions}
    for each in shards.placed:
        tensor = each.module.tensor
        found.setdefault(each.module.source if tensor is None else tensor.name, []).append(each)
    return found
