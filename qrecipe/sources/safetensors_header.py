"""The header of one safetensors file: eight bytes of length, then JSON that names each tensor's dtype, shape and bytes.

Checked before use, as the reference reader does: the tensors cover the data without gap or overlap, in range, and each
has the bytes that its dtype and shape ask for. Source: github.com/huggingface/safetensors, README, "Format".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import TypeGuard

from qrecipe.errors import SourceError
from qrecipe.sources.byte_string import ByteString
from qrecipe.sources.fault import GET_AGAIN, LFS_POINTER, PULL, WHY_LFS_POINTER, Place, counted, fault
from qrecipe.sources.json_text import parse_object
from qrecipe.types.source import StoredTensor

_LENGTH_BYTES = 8
_HEADER_MOST = 100 << 20
_DIMS_MOST = 16
_NAME_MOST = 512  # ours, as in inventory files: names are shown, matched and sorted
# Widths in the container, most of them of dtypes that no format of ours has: they check a file, they plan nothing.
_BITS = MappingProxyType(
    {
        "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32,
        "U16": 16, "U8": 8, "BOOL": 8, "C64": 64, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
        "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SafetensorsHeader:
    """Tensors in the order of their bytes, with offsets from the file's start. `raw` is length and JSON."""

    tensors: tuple[StoredTensor, ...]
    raw: bytes


def read_header(string: ByteString, file: int) -> SafetensorsHeader:
    """Read and check one file's header; `file` is its index in the checkpoint."""
    place = Place(string.name, 0)
    if string.nbytes < _LENGTH_BYTES:
        raise fault("safetensors-truncated", place, f"the file has {string.nbytes} bytes and no header")
    length = int.from_bytes(string.read(0, _LENGTH_BYTES), "little")
    if length > min(_HEADER_MOST, string.nbytes - _LENGTH_BYTES):
        raise _bad_length(length, string.nbytes, place)
    raw = string.read(0, _LENGTH_BYTES + length)
    table = parse_object(raw[_LENGTH_BYTES:], place.at(_LENGTH_BYTES), "the header")
    place = place.at(_LENGTH_BYTES)
    _check_notes(table.pop("__metadata__", {}), place)
    tensors = sorted((_stored(name, row, len(raw), file, place) for name, row in table.items()), key=_position)
    _check_cover(tensors, len(raw), string)
    return SafetensorsHeader(tuple(tensors), raw)


def _bad_length(length: int, nbytes: int, place: Place) -> SourceError:
    what, fix = f"the header claims {length} bytes", GET_AGAIN
    why = f"the file has {nbytes} bytes, and {_HEADER_MOST} is the most a header may have"
    if length.to_bytes(_LENGTH_BYTES, "little") == LFS_POINTER[:_LENGTH_BYTES]:
        what, why, fix = "this is no safetensors file", WHY_LFS_POINTER, PULL
    return fault("safetensors-bad-length", place, what, why=why, fix=fix)


def _check_notes(notes: object, place: Place) -> None:
    if not isinstance(notes, dict) or not all(isinstance(value, str) for value in notes.values()):
        raise fault("safetensors-bad-header", place, "`__metadata__` of the header is no table of strings")


def _stored(name: str, row: object, data_offset: int, file: int, place: Place) -> StoredTensor:
    if not isinstance(row, dict) or set(row) != {"dtype", "shape", "data_offsets"}:
        what = f"the header's entry {name!r} is no tensor"
        why = "a tensor has the keys dtype, shape and data_offsets, and no others"
        raise fault("safetensors-bad-header", place, what, why=why)
    _check_name(name, place)
    dtype, shape = _dtype(name, row, place), _shape(name, row, place)
    start, stop = _offsets(name, row, place)
    bits = prod(shape) * _BITS[dtype]
    if bits % 8 or stop - start != bits // 8:
        what = f"tensor {name!r} has {counted(stop - start, 'byte')}"
        why = f"{dtype} of shape {list(shape)} has {bits / 8:g}" if bits < 1 << 60 else "its shape asks for far more"
        raise fault("safetensors-bad-size", place, what, why=why)
    return StoredTensor(name, dtype, shape, stop - start, file, data_offset + start)


def _check_name(name: str, place: Place) -> None:
    if not name or len(name) > _NAME_MOST or not name.isprintable():
        why = f"a name has 1 to {_NAME_MOST} characters, and no control characters"
        raise fault("safetensors-bad-name", place, f"{name!r} is no name of a tensor", why=why)


def _dtype(name: str, row: Mapping[str, object], place: Place) -> str:
    dtype = row["dtype"]
    if isinstance(dtype, str) and dtype in _BITS:
        return dtype
    why = f"safetensors has {', '.join(_BITS)}"
    raise fault("safetensors-bad-dtype", place, f"tensor {name!r} has the unknown dtype {dtype!r}", why=why)


def _shape(name: str, row: Mapping[str, object], place: Place) -> tuple[int, ...]:
    shape = row["shape"]
    if _are_sizes(shape) and len(shape) <= _DIMS_MOST:
        return tuple(shape)
    why = f"a shape is a list of at most {_DIMS_MOST} integers from 0 on"
    raise fault("safetensors-bad-shape", place, f"tensor {name!r} has a broken shape", why=why)


def _offsets(name: str, row: Mapping[str, object], place: Place) -> tuple[int, int]:
    offsets = row["data_offsets"]
    if _are_sizes(offsets) and len(offsets) == 2 and offsets[0] <= offsets[1]:  # noqa: PLR2004 - start and stop
        return offsets[0], offsets[1]
    why = "they are two integers from 0 on, the start not behind the end"
    raise fault("safetensors-bad-offsets", place, f"tensor {name!r} has broken data_offsets", why=why)


def _are_sizes(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 1 << 63 for item in value)


def _position(tensor: StoredTensor) -> tuple[int, int]:
    return tensor.offset, tensor.nbytes


def _check_cover(tensors: list[StoredTensor], data_offset: int, string: ByteString) -> None:
    """Check that the tensors cover the data from its start to the file's end, each byte once."""
    place = Place(string.name)
    expected = data_offset
    for tensor in tensors:
        if tensor.offset != expected:
            kind = "a gap" if tensor.offset > expected else "an overlap"
            what = f"there is {kind} before the data of tensor {tensor.name!r}: it starts at byte {tensor.offset}"
            why = f"the tensor before it ends at byte {expected}"
            raise fault("safetensors-bad-offsets", place.at(tensor.offset), what, why=why)
        expected += tensor.nbytes
    if expected > string.nbytes:
        what = f"the file ends {counted(expected - string.nbytes, 'byte')} early"
        why = f"it has {string.nbytes} bytes, and its header describes {expected}"
        raise fault("safetensors-truncated", place.at(string.nbytes), what, why=why)
    if expected < string.nbytes:
        extra = string.nbytes - expected
        what = f"behind the data, {counted(extra, 'byte')} {'belongs' if extra == 1 else 'belong'} to no tensor"
        raise fault("safetensors-trailing-bytes", place.at(expected), what, why="readers of safetensors refuse those")
