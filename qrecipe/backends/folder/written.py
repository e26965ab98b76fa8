"""Reads the lock of a finished folder. Nothing in it is believed: kinds, counts and digits are checked.

A folder whose config.json has no `qrecipe.lock` has no lock. One that has must have the file, and a lock of this
version, or it is refused: a lock of which a bit was lost must not pass for none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qrecipe.backends.folder import faults
from qrecipe.backends.folder.documents import unsealed
from qrecipe.backends.folder.layout import CONFIG, LOCK
from qrecipe.backends.folder.view import ModuleRows
from qrecipe.errors import Diagnostic, SourceError
from qrecipe.types.lock import LOCK_VERSION, Lock, LockedMeasure, LockedTensor, WrittenLock

if TYPE_CHECKING:
    from qrecipe.types.source import Checkpoint

_MOST = 256 << 20  # bytes of a lock: a million tensors
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}", re.ASCII)
_FOR_PEOPLE = re.compile(r"\..*|.*\.(md|pdf|png|jpe?g|svg|webp)|(LICENSE|NOTICE|USE_POLICY).*", re.DOTALL)
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0, lt=1 << 64)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class _Measure(_Strict):
    blocks: _Count
    certified: _Count
    near: _Count
    weights: _Count
    identical: _Count
    squares: float


class _Tensor(_Strict):
    type: str
    stored: str
    source_digest: _Digest
    digest: _Digest
    measure: _Measure | None = None
    shape: list[_Count] | None = None
    modules: dict[str, Annotated[list[_Count], Field(min_length=2, max_length=2)]] | None = None


class _Document(_Strict):
    qrecipe: int
    name: str
    target: str
    plan_digest: _Digest
    source: str
    source_digest: _Digest
    imatrix_digest: str
    versions: list[str]
    only: list[str] = []
    recipe: str
    files: dict[str, str]
    tensors: dict[str, _Tensor]


def written_lock(checkpoint: Checkpoint) -> WrittenLock | None:
    """Return the lock of a folder; None without one, and for what is no such folder. SourceError if it is damaged."""
    digest = lock_digest(checkpoint)
    if digest is None or checkpoint.folder is None:
        return None
    raw = _read(checkpoint.folder)
    document = _parsed(raw, checkpoint.folder)
    tensors = tuple(_tensor(name, tensor) for name, tensor in document.tensors.items())
    lock = Lock(
        name=document.name,
        recipe=document.recipe,
        source=document.source,
        source_digest=document.source_digest,
        target=document.target,
        plan_digest=document.plan_digest,
        imatrix_digest=document.imatrix_digest,
        versions=tuple(document.versions),
        types=tuple(tensor.type for tensor in tensors),
    )
    sealed = hashlib.sha256(raw).hexdigest() == digest
    unsealed_lock = () if sealed else (faults.lock_altered(str(checkpoint.folder)),)
    damage = (*unsealed_lock, *_damage(document, checkpoint, digest))
    return WrittenLock(lock, tensors, digest, sealed, tuple(document.only), damage, LOCK)


def lock_digest(checkpoint: Checkpoint) -> str | None:
    """Return the digest that config.json states, None without one."""
    config = checkpoint.config or {}
    found = config.get("qrecipe")
    stated = found.get("lock") if isinstance(found, Mapping) else None
    return stated if isinstance(stated, str) and _HEX.fullmatch(stated) else None


def split_tensors(checkpoint: Checkpoint) -> dict[str, tuple[tuple[int, ...], list[ModuleRows]]]:
    """Return what the lock says of tensors that are not one module of the same name; {} without a lock."""
    if lock_digest(checkpoint) is None or checkpoint.folder is None:
        return {}
    document = _parsed(_read(checkpoint.folder), checkpoint.folder)
    return {
        name: (tuple(tensor.shape), [ModuleRows(module, *rows) for module, rows in tensor.modules.items()])
        for name, tensor in document.tensors.items()
        if tensor.modules and tensor.shape
    }


def _read(folder: Path) -> bytes:
    path = folder / LOCK
    try:
        size = path.stat().st_size
        if size > _MOST:
            raise SourceError(faults.lock_damaged(str(path), "", f"it has {size} bytes, more than any lock"))
        return path.read_bytes()
    except OSError:
        raise SourceError(faults.lock_missing(str(path))) from None


def _parsed(raw: bytes, folder: Path) -> _Document:
    path = str(folder / LOCK)
    try:
        document = _Document.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise SourceError(faults.lock_damaged(path, ".".join(map(str, first["loc"])), first["msg"])) from None
    if document.qrecipe != LOCK_VERSION:
        what = f"it is of version {document.qrecipe}; this release reads version {LOCK_VERSION}"
        raise SourceError(faults.lock_damaged(path, "qrecipe", what))
    if not document.recipe.replace("\n", "").isprintable():
        raise SourceError(faults.lock_damaged(path, "recipe", "it holds control characters"))
    return document


def _tensor(name: str, tensor: _Tensor) -> LockedTensor:
    measure = None if tensor.measure is None else LockedMeasure(**dict(tensor.measure))
    return LockedTensor(name, tensor.type, tensor.source_digest, tensor.digest, measure, tensor.stored)


def _damage(document: _Document, checkpoint: Checkpoint, digest: str) -> Iterator[Diagnostic]:
    """Yield the files that are not the ones that were built."""
    folder = checkpoint.folder or Path()
    headers = {file.name: number for number, file in enumerate(checkpoint.files)}
    missing = []
    for name, stated in document.files.items():
        if not _PLAIN.fullmatch(name) or not (folder / name).is_file():
            missing.append(name)
        elif _digest(checkpoint, folder / name, headers.get(name), digest) != stated:
            yield faults.altered(str(folder), name)
    if missing:
        yield faults.gone(str(folder), missing)
    if besides := sorted(_besides(folder, document.files)):
        yield faults.besides(str(folder), besides)


def _besides(folder: Path, built: Mapping[str, str]) -> Iterator[str]:
    """Yield what else lies there, less what no runtime reads: a model card, licences, other programs' hidden files."""
    for entry in folder.iterdir():
        if entry.name not in built and entry.name != LOCK and not _FOR_PEOPLE.fullmatch(entry.name):
            yield entry.name


def _digest(checkpoint: Checkpoint, path: Path, shard: int | None, lock: str) -> str:
    """Return the SHA-256 of a shard's header, or of all of another file, config.json's own digits taken as zeros."""
    if shard is not None:
        return hashlib.sha256(checkpoint.read_file(shard, 0, checkpoint.files[shard].header_bytes)).hexdigest()
    data = path.read_bytes()
    return hashlib.sha256(unsealed(data, lock) if path.name == CONFIG else data).hexdigest()
