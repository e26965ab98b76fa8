"""Imatrix files in GGUF: for each weight W the sums `W.in_sum2` [matrices, cols] and `W.counts` [matrices, 1], F32.

The header is read by the hardened GGUF reader. Keys that llama-quantize requires are required; tensors with other
suffixes (`.in_sum`, `.stats`) are passed over, as there. Source: llama.cpp, tools/imatrix.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.sources.byte_string import ByteString
from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.fault import Place, fault
from qrecipe.sources.gguf import open_gguf
from qrecipe.sources.imatrix_data import MAKE_AGAIN, ImatrixData, ImatrixSums
from qrecipe.types.metadata import MetadataEntry, MetadataKind

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray

_SUMS, _COUNTS = ".in_sum2", ".counts"
_REQUIRED = ("imatrix.datasets", "imatrix.chunk_count", "imatrix.chunk_size")


def read_gguf(string: ByteString) -> ImatrixData:
    """Read and check an imatrix in GGUF form."""
    checkpoint, by_key, place = _opened(string)
    entries: dict[str, FloatArray] = {}
    uncounted: dict[str, tuple[int, ...]] = {}
    for name in _weights(checkpoint, place):
        entries[name], missed = _means(checkpoint, name, place)
        if missed:
            uncounted[name] = missed
    datasets = _strings(by_key["imatrix.datasets"], place)
    return ImatrixData(entries, uncounted, datasets, _count(by_key["imatrix.chunk_count"], place))


def read_gguf_sums(string: ByteString) -> ImatrixSums:
    """Read and check an imatrix in GGUF form, and divide nothing."""
    checkpoint, by_key, place = _opened(string)
    found = {name: _sums(checkpoint, name, place) for name in _weights(checkpoint, place)}
    return ImatrixSums(
        string.name,
        {name: sums for name, (sums, _) in found.items()},
        {name: counts for name, (_, counts) in found.items()},
        _strings(by_key["imatrix.datasets"], place),
        _count(by_key["imatrix.chunk_count"], place),
        _count(by_key["imatrix.chunk_size"], place),
    )


def _opened(string: ByteString) -> tuple[FileCheckpoint, Mapping[str, MetadataEntry], Place]:
    checkpoint = open_gguf(string, string.name)
    place = Place(string.name)
    by_key = {entry.key: entry for entry in checkpoint.metadata or ()}
    _check_keys(by_key, place)
    return checkpoint, by_key, place


def _check_keys(by_key: Mapping[str, MetadataEntry], place: Place) -> None:
    kind = by_key.get("general.type")
    if kind is None or kind.scalar() != "imatrix":
        found = "missing" if kind is None else repr(kind.scalar())
        why = f"its general.type is {found}, and 'imatrix' in an imatrix"
        raise fault("imatrix-bad-kind", place, "this GGUF file is no imatrix", why=why, fix=MAKE_AGAIN)
    if missing := [key for key in _REQUIRED if key not in by_key]:
        what = f"the imatrix lacks {', '.join(missing)}"
        raise fault("imatrix-incomplete", place, what, why="llama-quantize refuses it too", fix=MAKE_AGAIN)


def _weights(checkpoint: FileCheckpoint, place: Place) -> list[str]:
    """Return the weights that have sums and counts; sums without counts, or the reverse, are a fault."""
    sums = {name.removesuffix(_SUMS) for name in checkpoint.tensors if name.endswith(_SUMS)}
    counts = {name.removesuffix(_COUNTS) for name in checkpoint.tensors if name.endswith(_COUNTS)}
    if alone := sorted(sums ^ counts):
        lacking = _COUNTS if alone[0] in sums else _SUMS
        raise fault("imatrix-incomplete", place, f"{alone[0]!r} has no {alone[0]}{lacking}", fix=MAKE_AGAIN)
    if not sums:
        raise fault("imatrix-empty", place, "the imatrix has no data for any weight", fix=MAKE_AGAIN)
    return [name.removesuffix(_SUMS) for name in checkpoint.tensors if name.endswith(_SUMS)]


def _means(checkpoint: FileCheckpoint, name: str, place: Place) -> tuple[FloatArray, tuple[int, ...]]:
    sums, counts = _sums(checkpoint, name, place)
    missed = counts == 0
    means = np.ones_like(sums)
    with np.errstate(all="ignore"):  # overflow becomes inf, which the caller refuses by name
        np.divide(sums, counts[:, None], out=means, where=~missed[:, None])
    return means, tuple(int(i) for i in np.flatnonzero(missed))


def _sums(checkpoint: FileCheckpoint, name: str, place: Place) -> tuple[FloatArray, FloatArray]:
    sums, counts = _floats(checkpoint, name + _SUMS, place), _floats(checkpoint, name + _COUNTS, place).reshape(-1)
    if sums.shape[0] != counts.size:
        what = f"{name!r} has sums for {sums.shape[0]} matrices and counts for {counts.size}"
        raise fault("imatrix-bad-size", place, what, fix=MAKE_AGAIN)
    if not np.isfinite(counts).all() or (counts < 0).any():
        what = f"the counts of {name!r} are not all finite and at least 0"
        raise fault("imatrix-not-finite", place, what, fix=MAKE_AGAIN)
    return sums, counts


def _floats(checkpoint: FileCheckpoint, name: str, place: Place) -> FloatArray:
    tensor = checkpoint.tensors[name]
    if tensor.dtype != "F32":
        raise fault("imatrix-bad-dtype", place, f"{name!r} is {tensor.dtype} and must be F32", fix=MAKE_AGAIN)
    raw = checkpoint.read(name, 0, tensor.nbytes)
    return np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(-1, tensor.shape[-1])


def _count(entry: MetadataEntry, place: Place) -> int:
    value = entry.scalar()
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise fault("imatrix-bad-metadata", place, f"{entry.key} is no count", fix=MAKE_AGAIN)


def _strings(entry: MetadataEntry, place: Place) -> tuple[str, ...]:
    """Return an array of strings; the header's reader has checked its lengths."""
    if entry.element_kind is not MetadataKind.STRING:
        raise fault("imatrix-bad-metadata", place, f"{entry.key} is no array of strings", fix=MAKE_AGAIN)
    found: list[str] = []
    position = 12
    for _ in range(entry.count):
        (length,) = struct.unpack_from("<Q", entry.payload, position)
        found.append(entry.payload[position + 8 : position + 8 + length].decode("utf-8", errors="surrogateescape"))
        position += 8 + length
    return tuple(found)
