"""A file of the hub as a part of a checkpoint: read from the cache where it is there whole, else by ranges."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from qrecipe.sources.fault import Place, fault
from qrecipe.sources.http_fault import HttpFault, HttpFile, Patience
from qrecipe.sources.http_request import read_range
from qrecipe.sources.hub_faults import hub_error


@dataclass(frozen=True, slots=True)
class HubPart:
    """A file of a model at a commit.

    Attributes:
        place: The reference with the commit, for messages.
        repo: `org/name`.
        name: The file's.
        file: Where it is asked for, with its size.
        cached: Where it lies once it is downloaded.
        patience: With the server.
    """

    place: str
    repo: str
    name: str
    file: HttpFile
    cached: str
    patience: Patience

    @property
    def nbytes(self) -> int:
        """Its size, as the hub lists it."""
        return self.file.nbytes or 0

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`."""
        if (piece := self._from_cache(start, stop)) is not None:
            return piece
        try:
            return read_range(self.file, start, stop, self.patience)
        except HttpFault as error:
            doing = f"bytes {start} to {stop} of {self.name}"
            raise hub_error(error, self.place, self.repo, doing) from None

    def _from_cache(self, start: int, stop: int) -> bytes | None:
        try:
            with open(self.cached, "rb", buffering=0) as file:  # noqa: PTH123 - a Path for each read would be waste
                nbytes = os.fstat(file.fileno()).st_size
                if nbytes != self.nbytes:
                    raise self._damaged(nbytes)
                file.seek(start)
                return _exactly(file.read, stop - start)
        except OSError:  # not there, or not readable: the hub has it
            return None

    def _damaged(self, nbytes: int) -> Exception:
        what = f"the copy in the cache has {nbytes} bytes; the hub's file has {self.nbytes}"
        return fault("cache-damaged", Place(self.cached), what, fix="delete that file, and run again")


def _exactly(read: Callable[[int], bytes | None], size: int) -> bytes | None:
    pieces: list[bytes] = []
    while size and (piece := read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces) if not size else None
