"""The lock as a file, `qrecipe.lock.json`, and its digest in config.json.

The chain: config.json has the SHA-256 of the lock; the lock has that of config.json (its own digits there taken as
zeros), of every shard's header, of every other file, and of every tensor's rows (`types.piece`, over records where a
tensor is quantized). So nothing can change unnoticed. The file has its final size from the start: numbers that are
known last have a widest form, and spaces fill what they leave.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from qrecipe.types.lock import LOCK_VERSION, LockedMeasure, LockedTensor, names_fit

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module
    from qrecipe.types.lock import Lock

Split = tuple[tuple[int, ...], tuple[tuple[str, tuple[int, int]], ...]]
"""The shape of a tensor of the checkpoint, and the modules that hold its rows: name, first row and the row behind."""

UNSEALED = "0" * 64
_WIDEST = LockedMeasure(*(2**64 - 1,) * 5, squares=-2.2250738585072014e-308)


@dataclass(frozen=True, slots=True)
class LockFile:
    """What the lock says, besides what the plan knows.

    Attributes:
        lock: What the plan knows.
        files: Name → digest, for every file but the lock: of a shard its header, of the others all of it.
        tensors: Those of the checkpoint, in the order in which they are written.
        modules: Of those that are not one module of the same name: their shape, and modules with their rows.
        only: The patterns of a partial build.
    """

    lock: Lock
    files: Mapping[str, str]
    tensors: Sequence[LockedTensor]
    modules: Mapping[str, Split] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Return the file's text, without what fills it up."""
        document = {
            "qrecipe": LOCK_VERSION,
            "name": self.lock.name,
            "target": self.lock.target,
            "plan_digest": self.lock.plan_digest,
            "source": self.lock.source,
            "source_digest": self.lock.source_digest,
            "imatrix_digest": self.lock.imatrix_digest,
            "versions": list(self.lock.versions),
            **({"only": list(self.only)} if self.only else {}),
            "recipe": self.lock.recipe,
            "files": dict(self.files),
            "tensors": {tensor.name: _tensor(tensor) | self._split(tensor.name) for tensor in self.tensors},
        }
        return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", errors="surrogateescape")

    def _split(self, name: str) -> dict[str, object]:
        if name not in self.modules:
            return {}
        shape, parts = self.modules[name]
        return {"shape": list(shape), "modules": {module: list(rows) for module, rows in parts}}

    def filled(self, nbytes: int) -> bytes:
        """Return the file at its planned size."""
        text = self.encode()
        return text + b" " * (nbytes - len(text) - 1) + b"\n"


def planned(lock: Lock, files: Sequence[str], modules: Sequence[Module], only: tuple[str, ...]) -> int:
    """Return the size of the lock of these files and modules."""
    tensors = [_unknown(module) for module in by_source(modules).values()]
    return len(LockFile(lock, dict.fromkeys(files, UNSEALED), tensors, splits(modules), only).encode()) + 1


def splits(modules: Sequence[Module]) -> dict[str, Split]:
    """Return the quantized tensors of the checkpoint that are not one module of the same name."""
    grouped: dict[str, list[Module]] = {}
    for module in modules:
        if module.scheme is not None:
            grouped.setdefault(module.source, []).append(module)
    return {
        source: (group[0].source_shape, tuple((each.name, each.rows) for each in group))
        for source, group in grouped.items()
        if len(group) > 1 or f"{group[0].name}.weight" != source
    }


def by_source(modules: Sequence[Module]) -> dict[str, Module]:
    """Return for each tensor of the checkpoint the first module that is made of it."""
    found: dict[str, Module] = {}
    for module in modules:
        found.setdefault(module.source, module)
    return found


def locked_type(module: Module, source_dtype: str) -> str:
    """Return a type as a lock has it: as recipes write it, ` copied` behind it for the checkpoint's own bytes."""
    if module.scheme is None and module.dtype == source_dtype:
        return f"{module.dtype} copied"
    return module.dtype if module.scheme is None else str(module.use)


def _unknown(module: Module) -> LockedTensor:
    type_ = f"{module.dtype} copied" if module.scheme is None else str(module.use)
    stored = module.dtype if module.scheme is None else module.scheme.name
    return LockedTensor(module.source, type_, UNSEALED, UNSEALED, _WIDEST if names_fit(type_) else None, stored)


def _tensor(tensor: LockedTensor) -> dict[str, object]:
    found: dict[str, object] = {
        "type": tensor.type,
        "stored": tensor.dtype,
        "source_digest": tensor.source_digest,
        "digest": tensor.digest,
    }
    return found if tensor.measure is None else {**found, "measure": asdict(tensor.measure)}
