"""Imatrix files of the older kind (`.dat`), which have no magic: entries to the end, then perhaps two notes.

Layout, little-endian: i32 entries; each: i32 length, name, i32 calls, i32 values, float32 values; then, in newer files,
i32 chunks, i32 length, path of the data set. Values are sums over the calls: the mean is value / calls in float32, or
the value itself where calls is 0. Every size is checked before it is used, and nothing may stand behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qrecipe.sources.byte_string import ByteString
from qrecipe.sources.fault import Place, counted, fault
from qrecipe.sources.imatrix_data import MAKE_AGAIN, ImatrixData, ImatrixSums

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray

_NAME_MOST = 1024
_WINDOW = 1 << 20
_LEAST_ENTRY = 17  # bytes: length, one letter, calls, number of values, one value
_WHY = "a file of the older kind has no magic, so this may be no imatrix at all"


def read_legacy(string: ByteString) -> ImatrixData:
    """Read and check an imatrix in the older form."""
    found = read_legacy_sums(string)
    entries: dict[str, FloatArray] = {}
    for name, values in found.sums.items():
        calls = found.counts[name][0]
        with np.errstate(all="ignore"):  # a signalling NaN is refused by name later
            entries[name] = values / calls if calls > 0 else values
    return ImatrixData(entries, {}, found.datasets, found.chunk_count)


def read_legacy_sums(string: ByteString) -> ImatrixSums:
    """Read and check an imatrix in the older form, and divide nothing."""
    cursor = _Cursor(string)
    n_entries = cursor.number("the number of entries")
    if not 0 < n_entries <= cursor.left // _LEAST_ENTRY:
        raise _broken(
            cursor.place(4),
            f"the file claims {n_entries} entries, and the file has {counted(cursor.left, 'byte')} left",
        )
    sums: dict[str, FloatArray] = {}
    counts: dict[str, FloatArray] = {}
    for index in range(n_entries):
        name, calls, values = _entry(cursor, index)
        if name in sums:
            raise _broken(cursor.place(), f"the file has {name!r} twice")
        sums[name], counts[name] = values, np.array([calls], dtype=np.float32)
    chunks, datasets = _notes(cursor)
    return ImatrixSums(string.name, sums, counts, datasets, chunks, legacy=True)


class _Cursor:
    """A position in the file; never asks for more than the file has, and for a window of it at a time."""

    def __init__(self, string: ByteString) -> None:
        self._string = string
        self._position = 0
        self._held, self._first = b"", 0  # the window, and where it begins

    @property
    def left(self) -> int:
        return self._string.nbytes - self._position

    def place(self, back: int = 0) -> Place:
        return Place(self._string.name, self._position - back)

    def take(self, size: int, what: str) -> bytes:
        if size > self.left:
            raise _broken(self.place(), f"{what} needs {counted(size, 'byte')}, and the file has {self.left} left")
        start = self._position - self._first
        if start + size > len(self._held):
            self._held, self._first = (
                self._string.read(self._position, min(max(size, _WINDOW), self.left)),
                self._position,
            )
            start = 0
        self._position += size
        return self._held[start : start + size]

    def number(self, what: str) -> int:
        return int.from_bytes(self.take(4, what), "little", signed=True)


def _entry(cursor: _Cursor, index: int) -> tuple[str, int, FloatArray]:
    name = _name(cursor, index)
    calls = cursor.number(f"the number of calls of {name!r}")
    n_values = cursor.number(f"the number of values of {name!r}")
    if n_values < 1:
        raise _broken(cursor.place(4), f"{name!r} has {n_values} values")
    values = np.frombuffer(cursor.take(4 * n_values, f"the data of {name!r}"), dtype="<f4").astype(np.float32)
    return name, calls, values.reshape(1, -1)


def _name(cursor: _Cursor, index: int) -> str:
    length = cursor.number(f"the length of name {index}")
    if not 0 < length <= _NAME_MOST:
        raise _broken(cursor.place(4), f"name {index} has {length} bytes")
    raw = cursor.take(length, f"name {index}")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _broken(cursor.place(length), f"name {index} is no UTF-8") from None


def _notes(cursor: _Cursor) -> tuple[int, tuple[str, ...]]:
    """Return chunk count and data set, where the file has them."""
    if not cursor.left:
        return 0, ()
    chunks = cursor.number("the number of chunks")
    length = cursor.number("the length of the data set's name")
    if length < 0 or length != cursor.left:
        raise _broken(
            cursor.place(4), f"the data set's name has {counted(length, 'byte')}, and the file has {cursor.left} left"
        )
    dataset = cursor.take(length, "the data set's name").decode("utf-8", errors="surrogateescape")
    return max(chunks, 0), (dataset,) if dataset else ()


def _broken(place: Place, what: str) -> Exception:
    return fault("imatrix-broken", place, what, why=_WHY, fix=MAKE_AGAIN)
