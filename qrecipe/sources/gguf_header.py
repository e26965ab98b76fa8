"""A whole GGUF header (version 2 or 3, little-endian), read and checked before a byte of it is used.

In: a byte string. Out: metadata, tensor table, where the data starts, and warnings. Every fault is a `SourceError` with
the byte at which it stands. Source: ggml `docs/gguf.md` and the checks of ggml's own reader, with stricter ones marked
"ours" where they stand.
"""

from __future__ import annotations

from dataclasses import dataclass

from qrecipe.sources.byte_string import ByteString
from qrecipe.sources.fault import GET_AGAIN, LFS_POINTER, PULL, WHY_LFS_POINTER, Place, counted, fault
from qrecipe.sources.gguf_tensors import TensorRow, padded, read_tensor_table
from qrecipe.sources.gguf_values import alignment_of, read_metadata
from qrecipe.sources.header_reader import HeaderReader
from qrecipe.types.metadata import MetadataEntry

MAGIC = b"GGUF"
VERSIONS = (2, 3)
_LEAST_PAIR = 14  # bytes: length of the key, one letter, type, value
_LEAST_ROW = 33  # bytes: length of the name, one letter, dimensions, one size, type, offset
_BIG_ENDIAN_MASK = 0xFFFF


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """`raw` is the header as the file has it, up to the padding before `data_offset`."""

    metadata: tuple[MetadataEntry, ...]
    rows: tuple[TensorRow, ...]
    data_offset: int
    raw: bytes
    warnings: tuple[str, ...]


def read_header(string: ByteString) -> GgufHeader:
    """Read and check the header of one GGUF file."""
    reader = HeaderReader(string)
    _check_magic(reader, string)
    _check_version(reader)
    n_tensors = _read_count(reader, "tensors", _LEAST_ROW)
    n_pairs = _read_count(reader, "metadata pairs", _LEAST_PAIR)
    metadata = read_metadata(reader, n_pairs)
    alignment = alignment_of(metadata)
    rows = read_tensor_table(reader, n_tensors, alignment)
    data_offset = padded(reader.position, alignment)
    warnings = _check_end(string, rows, data_offset, alignment)
    return GgufHeader(metadata, rows, data_offset, reader.passed, warnings)


def _check_magic(reader: HeaderReader, string: ByteString) -> None:
    magic = string.read(0, min(len(MAGIC), string.nbytes))
    if magic == MAGIC:
        reader.take(len(MAGIC), "the magic")
        return
    why, fix = f"it begins with {repr(magic)[1:]}, a GGUF file with {repr(MAGIC)[1:]}", GET_AGAIN
    if not magic:
        why = "it is empty"
    elif not magic.strip(b"\0"):
        why, fix = "it begins with zeros, as llama-quantize leaves a file when it is interrupted", "make the file again"
    elif magic == LFS_POINTER[: len(MAGIC)]:
        why, fix = WHY_LFS_POINTER, PULL
    raise fault("gguf-bad-magic", reader.place, "this is no GGUF file", why=why, fix=fix)


def _check_version(reader: HeaderReader) -> None:
    place = reader.place
    version = reader.number("I", "the version")
    if version in VERSIONS:
        return
    if version and version & _BIG_ENDIAN_MASK == 0:
        why = f"the version reads as {int.from_bytes(version.to_bytes(4, 'little'), 'big')} the other way round"
        fix = "convert it to little-endian with `gguf-convert-endian` of the PyPI package gguf"
        raise fault("gguf-big-endian", place, "the file is big-endian", why=why, fix=fix)
    fix = (
        "update qrecipe, if there is a release that reads it" if version > max(VERSIONS) else "convert the model again"
    )
    why = f"this release reads versions {' and '.join(map(str, VERSIONS))}"
    raise fault("gguf-bad-version", place, f"the file is of GGUF version {version}", why=why, fix=fix)


def _read_count(reader: HeaderReader, what: str, least: int) -> int:
    place = reader.place
    count = reader.number("q", f"the number of {what}")
    if 0 <= count <= reader.left // least:
        return count
    why = f"the file has {counted(reader.left, 'byte')} left, and {what} take at least {least} bytes each"
    raise fault("gguf-bad-count", place, f"the header claims {count} {what}", why=why)


def _check_end(string: ByteString, rows: tuple[TensorRow, ...], data_offset: int, alignment: int) -> tuple[str, ...]:
    """Check that the data lies in the file, its last padding included; return warnings."""
    if not rows:
        return ()
    last = rows[-1]
    end = data_offset + last.offset + last.nbytes
    place = Place(string.name, string.nbytes)
    if end > string.nbytes:
        first = next(row for row in rows if data_offset + row.offset + row.nbytes > string.nbytes)
        what = f"the file ends inside tensor {first.name!r}, {counted(end - string.nbytes, 'byte')} early"
        raise fault("gguf-data-truncated", place, what, why=f"it has {string.nbytes} bytes and needs {end}")
    end = padded(end, alignment)
    if end > string.nbytes:
        what = f"the file lacks {counted(end - string.nbytes, 'byte')} of padding behind its last tensor {last.name!r}"
        raise fault("gguf-data-truncated", place, what, why=f"data is padded to {alignment} bytes, the end too")
    if end < string.nbytes:
        return (f"{string.name}: behind its data, {counted(string.nbytes - end, 'byte')} of no tensor stay unread",)
    return ()
