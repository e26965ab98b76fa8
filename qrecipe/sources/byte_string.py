"""One logical string of bytes over a file, or over the parts of a file that was cut up (`model.gguf.part00`, …).

A part is a file on disk, or one that is elsewhere (`sources/hub_part.py`, …). Opened once to learn the sizes; every
read of a local file opens it, reads at its position and closes it, so a value holds no handle, can be pickled, and
serves any number of threads. Files are never mapped: see docs/adr/0001. A file that ends early, or whose size or time
of change is another than when it was opened, is a `SourceError` that names the file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from qrecipe.sources.fault import GET_AGAIN, Place, fault


class Part(Protocol):
    """A file, wherever it is: a frozen value without handles, picklable, read by any number of threads."""

    @property
    def nbytes(self) -> int:
        """Its size when it was opened."""

    def read(self, start: int, stop: int) -> bytes:
        """Return exactly the bytes from `start` to `stop`, which lie in it; SourceError where that cannot be."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file on disk, with the size and the time of change (ns) that it had when it was opened."""

    path: str
    nbytes: int
    changed: int

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`."""
        return _read(self, start, stop)


@dataclass(frozen=True, slots=True)
class ByteString:
    """`name` is for people: the path, without the part's number where there are several."""

    name: str
    parts: tuple[Part, ...]

    @property
    def nbytes(self) -> int:
        """Size of all parts together."""
        return sum(part.nbytes for part in self.parts)

    def read(self, offset: int, size: int) -> bytes:
        """Return exactly `size` bytes from `offset` on."""
        if offset < 0 or size < 0 or offset + size > self.nbytes:
            what = f"{size} bytes are needed at byte {offset}, but the file ends at byte {self.nbytes}"
            raise fault("file-too-short", Place(self.name, offset), what)
        return b"".join(part.read(start, stop) for part, start, stop in self._pieces(offset, offset + size))

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[Part, int, int]]:
        """Yield what of each part lies between two positions of the whole."""
        before = 0
        for part in self.parts:
            first, last = max(start - before, 0), min(stop - before, part.nbytes)
            if first < last:
                yield part, first, last
            before += part.nbytes


def open_bytes(paths: Sequence[Path], name: str = "") -> ByteString:
    """Look at the files (regular ones only: a pipe would block) and note their sizes."""
    return ByteString(name or str(paths[0]), tuple(map(_look_at, paths)))


def _look_at(path: Path) -> FilePart:
    try:
        found = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unreadable(str(path), error) from None
    if not stat.S_ISREG(found.st_mode):
        raise fault("not-a-file", Place(str(path)), f"{path.name} is no regular file", fix="name a file or a folder")
    return FilePart(str(path), found.st_size, found.st_mtime_ns)


def _read(part: FilePart, start: int, stop: int) -> bytes:
    pieces: list[bytes] = []
    left = stop - start
    try:
        with open(part.path, "rb", buffering=0, opener=_at_once) as file:
            found = os.fstat(file.fileno())
            if (found.st_size, found.st_mtime_ns) != (part.nbytes, part.changed):
                raise _changed(part, found.st_size)
            file.seek(start)
            while left and (piece := file.read(left)):
                pieces.append(piece)
                left -= len(piece)
    except OSError as error:
        raise _unreadable(part.path, error) from None
    if left:
        raise fault(
            "file-too-short", Place(part.path, stop - left), f"the file ends {left} bytes early, while it is being read"
        )
    return b"".join(pieces)


def _at_once(path: str, flags: int) -> int:
    """Open without blocking: what was a file when it was opened first may be a pipe now."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _changed(part: FilePart, size: int) -> Exception:
    what = f"the file had {part.nbytes} bytes when it was opened and has {size} now"
    return fault(
        "file-changed",
        Place(part.path),
        what if size != part.nbytes else "the file was written to after it was opened",
        why="its header no longer describes what it holds",
        fix="wait until nothing writes to it, then run again",
    )


def _unreadable(path: str, error: OSError | ValueError) -> Exception:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    missing = isinstance(error, FileNotFoundError)
    fix = "check the spelling of the path" if missing else f"make the file readable; {GET_AGAIN} if it stays so"
    return fault("file-unreadable", Place(path), f"cannot read the file: {reason}", fix=fix)
