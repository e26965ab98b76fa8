"""Imatrix data → the bytes of a file in either form, as llama-imatrix writes them (tools/imatrix/imatrix.cpp)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.backends.gguf.header import TableRow, encode_header, padded
from qrecipe.sources.fault import Place, fault
from qrecipe.sources.imatrix_data import ImatrixSums
from qrecipe.types.metadata import MetadataEntry, MetadataKind

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray

_CHUNK_SIZE = 512  # llama-imatrix's, where no file says another


def added(files: Sequence[ImatrixSums]) -> ImatrixSums:
    """Add files up: sums to sums, counts to counts; calls of the older form count as chunks of tokens."""
    size = next((each.chunk_size for each in files if each.chunk_size), _CHUNK_SIZE)
    sums: dict[str, FloatArray] = {}
    counts: dict[str, FloatArray] = {}
    for each in files:
        scale = np.float32(size if each.legacy else 1)
        for name, values in each.sums.items():
            count = np.maximum(each.counts[name], 1) if each.legacy else each.counts[name]
            _add(name, (values * scale, count * scale), sums, counts, each.file)
    most = max((int(count.max()) for count in counts.values()), default=0)
    datasets = tuple(dataset for each in files for dataset in each.datasets)
    return ImatrixSums("", sums, counts, datasets, (most + size // 2) // size, size)


def _add(
    name: str,
    more: tuple[FloatArray, FloatArray],
    sums: dict[str, FloatArray],
    counts: dict[str, FloatArray],
    file: str,
) -> None:
    values, count = more
    if name not in sums:
        sums[name], counts[name] = values, count
        return
    old = counts[name]
    if sums[name].size != values.size or 1 < min(old.size, count.size) < max(old.size, count.size):
        what = f"{name!r} has {values.size} values here and {sums[name].size} in the files before"
        fix = "add up files of one model only"
        raise fault("imatrix-mismatch", Place(file), what, why="they are of different models", fix=fix)
    matrices = max(old.size, count.size)
    sums[name] = sums[name].reshape(matrices, -1) + values.reshape(matrices, -1)
    counts[name] = np.broadcast_to(old, (matrices,)) + np.broadcast_to(count, (matrices,))


def written(data: ImatrixSums, form: str) -> bytes:
    """Return the bytes of a file, weights sorted by name."""
    return _gguf(data) if form == "gguf" else _legacy(data)


def _gguf(data: ImatrixSums) -> bytes:
    arrays: dict[str, FloatArray] = {}
    for name in sorted(data.sums):
        arrays[f"{name}.in_sum2"] = data.sums[name]
        arrays[f"{name}.counts"] = data.counts[name].reshape(-1, 1)
    rows, offset = [], 0
    for name, values in arrays.items():
        rows.append(TableRow(name, values.shape, 0, offset))
        offset += padded(4 * values.size)
    pieces = (np.ascontiguousarray(values, "<f4").tobytes() for values in arrays.values())
    body = b"".join(piece.ljust(padded(len(piece)), b"\0") for piece in pieces)
    return encode_header(tuple(_metadata(data)), rows) + body


def _metadata(data: ImatrixSums) -> Iterator[MetadataEntry]:
    yield MetadataEntry.of("general.type", MetadataKind.STRING, "imatrix")
    body = b"".join(struct.pack("<Q", len(raw)) + raw for raw in map(_encoded, data.datasets))
    listed = struct.pack("<IQ", MetadataKind.STRING, len(data.datasets)) + body
    yield MetadataEntry("imatrix.datasets", MetadataKind.ARRAY, listed)
    yield MetadataEntry.of("imatrix.chunk_count", MetadataKind.UINT32, data.chunk_count)
    yield MetadataEntry.of("imatrix.chunk_size", MetadataKind.UINT32, data.chunk_size)


def _legacy(data: ImatrixSums) -> bytes:
    kept = [name for name in sorted(data.sums) if data.counts[name].any()]
    entries = b"".join(_legacy_entry(name, data.sums[name], data.counts[name], data.chunk_size) for name in kept)
    dataset = _encoded(data.datasets[-1]) if data.datasets else b""
    return struct.pack("<i", len(kept)) + entries + struct.pack("<ii", data.chunk_count, len(dataset)) + dataset


def _legacy_entry(name: str, sums: FloatArray, counts: FloatArray, chunk_size: int) -> bytes:
    """Return one entry: means times the number of calls, ones where no token came."""
    calls = -(-int(counts.max()) // chunk_size)
    missed = counts == 0
    means = np.where(missed[:, None], np.float32(1), sums / np.where(missed, np.float32(1), counts)[:, None])
    raw = _encoded(name)
    values = (means.astype(np.float32) * np.float32(calls)).astype("<f4")
    return struct.pack("<i", len(raw)) + raw + struct.pack("<ii", calls, values.size) + values.tobytes()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")
