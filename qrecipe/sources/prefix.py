"""The beginning of a file that is elsewhere, kept while its header is read, so that headers cost few requests.

The first request brings a quarter of a MiB, which is all of most headers. What was fetched can be kept and handed back
when the same file is opened again.
"""

from __future__ import annotations

from qrecipe.sources.byte_string import Part

_FIRST = 1 << 18  # bytes
_AHEAD = 1 << 22  # a read further behind what is held than this is no header's


class Prefix:
    """A `Part` in front of another; lives while a checkpoint is opened, and no longer."""

    def __init__(self, part: Part, held: bytes = b"") -> None:
        self.part = part
        self._known = len(held)
        self._held = bytearray(held[: part.nbytes])

    @property
    def nbytes(self) -> int:
        """The file's size."""
        return self.part.nbytes

    @property
    def grown(self) -> bytes | None:
        """What is held; None where that is no more than at first."""
        return bytes(self._held) if len(self._held) > self._known else None

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`."""
        have = len(self._held)
        if start > have + _AHEAD:
            return self.part.read(start, stop)
        if stop > have:
            self._held += self.part.read(have, min(max(stop, _FIRST), self.nbytes))
        return bytes(memoryview(self._held)[start:stop])
