"""The one way in which a reader says what is wrong with a file: what, at which byte, why, and what to do.

Offsets count from the start of the (joined) file. A fix is never missing: where the file itself is broken, the fix is
to get it again.
"""

from __future__ import annotations

from dataclasses import dataclass

from qrecipe.errors import Diagnostic, Location, SourceAbsentError, SourceError

GET_AGAIN = "download or convert the file again, and compare its checksum where one is published"
LFS_POINTER = b"version https://git-lfs"  # what `git clone` leaves for a large file where git-lfs is not installed
WHY_LFS_POINTER = "it seems to be a Git LFS pointer, which stands for the file"
PULL = "run `git lfs pull` in its folder"


@dataclass(frozen=True, slots=True)
class Place:
    """A byte of a file, for messages; without `offset`, the whole file."""

    file: str
    offset: int | None = None

    def at(self, offset: int) -> Place:
        """Return another byte of the same file."""
        return Place(self.file, offset)


def counted(number: int, noun: str) -> str:
    """Return `1 byte`, `2 bytes`, `2 matrices`."""
    many = f"{noun[:-2]}ices" if noun.endswith("ix") else f"{noun}s"
    return f"{number} {noun if number == 1 else many}"


def fault(code: str, place: Place, what: str, *, why: str = "", fix: str = GET_AGAIN) -> SourceError:
    """Return the error for the caller to raise."""
    return SourceError(_diagnostic(code, place, what, why=why, fix=fix))


def absent(code: str, place: Place, what: str, *, why: str = "", fix: str) -> SourceAbsentError:
    """Return the error for what is only not at hand, likewise."""
    return SourceAbsentError(_diagnostic(code, place, what, why=why, fix=fix))


def _diagnostic(code: str, place: Place, what: str, *, why: str, fix: str) -> Diagnostic:
    where = Location(file=place.file, key_path="" if place.offset is None else f"byte {place.offset}")
    return Diagnostic(code, what, where, why, fix)
