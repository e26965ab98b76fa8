"""Reads a header from the front of a byte string, bounds first: nothing is allocated that the file does not hold.

Bytes are fetched 1 MiB at a time, doubling, so that opening a 50 GB model touches its first megabytes only. A header
past 256 MiB is refused (ours: the largest in use have about 30 MB, and it bounds the time that a hostile file takes).
"""

from __future__ import annotations

import struct

from qrecipe.sources.byte_string import ByteString
from qrecipe.sources.fault import Place, counted, fault

_STEP = 1 << 20
_MOST = 1 << 28
_STRING_MOST = 1 << 30


class HeaderReader:
    """A position in a byte string, moving forward. `what` in each call names the field for messages."""

    def __init__(self, string: ByteString) -> None:
        self._string = string
        self._held = bytearray()
        self.position = 0

    @property
    def place(self) -> Place:
        """Where the reader stands."""
        return Place(self._string.name, self.position)

    @property
    def left(self) -> int:
        """Bytes of the file behind the position."""
        return self._string.nbytes - self.position

    @property
    def passed(self) -> bytes:
        """Everything before the position."""
        return bytes(memoryview(self._held)[: self.position])

    def take(self, size: int, what: str) -> bytes:
        """Return the next `size` bytes."""
        self._hold(self.position, self.position + size, what)
        start, self.position = self.position, self.position + size
        return bytes(memoryview(self._held)[start : self.position])

    def number(self, code: str, what: str) -> int:
        """Return the next little-endian integer; `code` is a letter of `struct`."""
        value: int = struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}"), what))[0]
        return value

    def text(self, what: str, most: int = _STRING_MOST) -> bytes:
        """Return the next string (u64 length, then its bytes), which may have `most` bytes."""
        place = self.place
        length = self.number("Q", f"the length of {what}")
        if length > min(most, self.left):
            raise self._too_long(place, length, most, what)
        return self.take(length, what)

    def skip_strings(self, count: int, what: str) -> None:
        """Move past `count` strings. The loop is bare because a vocabulary has hundreds of thousands."""
        held, size, position, last = self._held, len(self._held), self.position, self._string.nbytes
        length_at = struct.Struct("<Q").unpack_from
        for index in range(count):
            if position + 8 > size:
                self._hold(position, position + 8, f"the length of string {index} of {what}")
                size = len(held)
            (length,) = length_at(held, position)
            if length > last - position - 8 or length > _STRING_MOST:
                self.position = position + 8
                raise self._too_long(self.place.at(position), length, _STRING_MOST, f"string {index} of {what}")
            position += 8 + length
        self._hold(self.position, position, what)
        self.position = position

    def since(self, start: int) -> bytes:
        """Return the bytes from `start` to the position."""
        return bytes(memoryview(self._held)[start : self.position])

    def _too_long(self, place: Place, length: int, most: int, what: str) -> Exception:
        return fault(
            "gguf-string-too-long",
            place,
            f"{what} claims {length} bytes",
            why=f"the file has {counted(self.left, 'byte')} left, and {most} is the most such a string may have",
        )

    def _hold(self, start: int, stop: int, what: str) -> None:
        """Fetch up to byte `stop`; a fault about the field at `start` where the file, or the limit, ends before."""
        if stop <= len(self._held):
            return
        if stop > self._string.nbytes:
            needed, left = counted(stop - start, "byte"), self._string.nbytes - start
            what = f"the file ends inside its header: {what} needs {needed}, and the file has {left} left"
            raise fault("header-truncated", Place(self._string.name, start), what)
        if stop > _MOST:
            raise fault(
                "header-too-large",
                Place(self._string.name, start),
                f"the header goes on past {_MOST} bytes, at {what}",
                why="no known model comes near this limit of ours, so the header is most likely broken",
            )
        wanted = max(stop, 2 * len(self._held), _STEP)
        have = len(self._held)
        self._held += self._string.read(have, min(wanted, self._string.nbytes) - have)
