"""What is measured: an artifact and a source that belong together, or words on why they do not."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.artifacts import opened_artifact
from qrecipe.api.opening import open_checkpoint, open_model
from qrecipe.errors import Diagnostic, SourceError
from qrecipe.evaluation import faults
from qrecipe.inventory.build import arch_of
from qrecipe.sources.decoded import DecodedCheckpoint, decoded_checkpoint
from qrecipe.sources.mapped import MappedCheckpoint, mapped
from qrecipe.types.metadata import MetadataEntry
from qrecipe.types.transform import Constant, stored_names

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.types.source import Checkpoint, StoredTensor

_MADE = ("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight")  # by converters, of config.json
_TOKENS = "tokenizer.ggml.tokens"
_READ = 1 << 23  # bytes of a file that are digested at a time


@dataclass(frozen=True, slots=True)
class Pair:
    """A source, and artifacts that were made from such a model.

    Attributes:
        named: The source as it was asked for.
        source: Under canonical names.
        mapped: The same with its transforms; None for a GGUF file.
        artifacts: As they were asked for → opened.
        findings: Warnings.
    """

    named: str
    source: Checkpoint
    mapped: MappedCheckpoint | None
    artifacts: dict[str, Checkpoint]
    findings: tuple[Diagnostic, ...]


def open_pair(artifacts: list[str], source: str, catalog: Catalog) -> Pair:
    """Open a source and artifacts; SourceError with everything that keeps them from being compared."""
    model, inventory = open_model(source, Path.cwd(), catalog)
    if not inventory.mapped:
        raise SourceError(faults.unmapped_source(source, inventory.why_unmapped))
    view = model if isinstance(model, MappedCheckpoint) else None
    stored = {name: open_checkpoint(name, Path.cwd(), catalog) for name in artifacts}
    opened = {name: _as_the_source(name, each, view, catalog) for name, each in stored.items()}
    metadata = inventory.metadata or (() if view is None else tuple(view.conversion.metadata))
    wrong = [found for name, each in opened.items() for found in _wrong(name, each, model, source, metadata)]
    if wrong:
        raise SourceError(*wrong)
    return Pair(source, model, view, opened, tuple(_warnings(stored, model, source, catalog)))


def is_folder(artifact: Checkpoint) -> bool:
    """Say whether an opened artifact is a folder of codes and scales."""
    return isinstance(artifact, MappedCheckpoint) and isinstance(artifact.original, DecodedCheckpoint)


def own_name(artifact: Checkpoint) -> str:
    """Return what an artifact is called for people: its folder's name where it is one."""
    path = Path(artifact.reference)
    return path.parent.name if is_folder(artifact) else path.name


def stored_as(artifact: Checkpoint, name: str) -> tuple[str, int]:
    """Return type and bytes of an artifact's tensor as they are stored."""
    tensor = artifact.tensors[name]
    if not isinstance(artifact, MappedCheckpoint) or not isinstance(artifact.original, DecodedCheckpoint):
        return tensor.dtype, tensor.nbytes
    parts = [artifact.original.stored.tensors[each] for each in stored_names(artifact.transforms[name])]
    return (parts[0].dtype if parts else tensor.dtype), sum(part.nbytes for part in parts)


def _as_the_source(name: str, stored: Checkpoint, source: MappedCheckpoint | None, catalog: Catalog) -> Checkpoint:
    """Return a folder under canonical names, decoded, by the source's own conversion; a GGUF file as it is.

    Raises:
        SourceError: It is no artifact of such a source.
    """
    found = opened_artifact(stored, catalog)
    if found is None or source is None:
        return stored
    decoded = decoded_checkpoint(found)
    lacking = [each for each in source.original.tensors if each not in decoded.tensors]
    if lacking:
        raise SourceError(faults.other_model(name, source.reference, f"the artifact has no {lacking[0]}"))
    return mapped(decoded, source.conversion)


def digest_of(source: Checkpoint) -> str:
    """Return the SHA-256 of all that a model's logits depend on: config, metadata and every byte of its files."""
    state = hashlib.sha256(source.header_digest.encode())
    if source.folder is not None and (config := source.folder / "config.json").is_file():
        state.update(hashlib.sha256(config.read_bytes()).digest())
    for number, file in enumerate(source.files):
        content = hashlib.sha256()
        for start in range(0, file.nbytes, _READ):
            content.update(source.read_file(number, start, min(_READ, file.nbytes - start)))
        state.update(content.digest())
    return state.hexdigest()


def _wrong(
    name: str, artifact: Checkpoint, source: Checkpoint, named: str, metadata: tuple[MetadataEntry, ...]
) -> list[Diagnostic]:
    if artifact.metadata is None:
        return [faults.artifact_kind(name)]
    ours, theirs = arch_of(artifact.metadata), arch_of(metadata)
    if ours != theirs:
        return [faults.other_model(name, named, f"its architecture is {ours or 'unnamed'}, not {theirs}")]
    vocabulary = _other_tokens(_entry(artifact.metadata, _TOKENS), _entry(metadata, _TOKENS))
    if vocabulary:
        return [faults.other_vocabulary(name, named, vocabulary)]
    return [faults.other_model(name, named, what) for what in _other_tensors(artifact, source)][:1]


def _other_tensors(artifact: Checkpoint, source: Checkpoint) -> Iterator[str]:
    for name in artifact.tensors:
        if name not in source.tensors and name not in _MADE:
            yield f"that has no {name}"
    for name, tensor in source.tensors.items():
        ours = artifact.tensors.get(name)
        if ours is None and not _is_made(name, source):
            yield f"the artifact has no {name}"
        elif ours is not None and _trimmed(ours) != _trimmed(tensor):
            yield f"{name} is {_told(ours)} in the artifact and {_told(tensor)} in the source"


def _is_made(name: str, source: Checkpoint) -> bool:
    transforms = getattr(source, "transforms", {})
    return name in _MADE or isinstance(transforms.get(name), Constant)


def _other_tokens(ours: MetadataEntry | None, theirs: MetadataEntry | None) -> str:
    """Say how two lists of tokens differ; nothing where they do not, or where one side has none."""
    if ours is None or theirs is None or ours.payload == theirs.payload:
        return ""
    if ours.count != theirs.count:
        return f"{ours.count} tokens, not {theirs.count}"
    for number, (a, b) in enumerate(zip_longest(_strings(ours), _strings(theirs))):
        if a != b:
            return f"token {number} is {a!r}, not {b!r}"
    return "its tokens are stored as another kind"


def _strings(entry: MetadataEntry) -> Iterator[str]:
    place = 12
    for _ in range(entry.count):
        (length,) = struct.unpack_from("<Q", entry.payload, place)
        yield entry.payload[place + 8 : place + 8 + length].decode(errors="replace")
        place += 8 + length


def _entry(metadata: tuple[MetadataEntry, ...], key: str) -> MetadataEntry | None:
    return next((entry for entry in metadata if entry.key == key), None)


def _warnings(
    artifacts: dict[str, Checkpoint], source: Checkpoint, named: str, catalog: Catalog
) -> Iterator[Diagnostic]:
    for name, artifact in artifacts.items():
        locks = (backend.read_lock(artifact) for backend in catalog.backends.values())
        lock = next((found for found in locks if found is not None), None)
        if lock is not None and lock.lock.source_digest != source.header_digest:
            yield faults.other_source(name, named, lock.lock.source)


def _trimmed(tensor: StoredTensor) -> tuple[int, ...]:
    """Return a shape without leading 1s, which GGUF does not store."""
    first = next((i for i, n in enumerate(tensor.shape) if n != 1), len(tensor.shape))
    return tensor.shape[first:]


def _told(tensor: StoredTensor) -> str:
    return " × ".join(map(str, tensor.shape))
