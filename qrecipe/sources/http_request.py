"""Parts of files over HTTP: exactly the bytes that were asked for, or a fault that says why not.

What passes by itself (too many requests, a server's fault, a cut connection) is tried again, longer and longer apart,
and goes on from the byte that was reached: nothing is transferred twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

from qrecipe.sources.http_exchange import exchange
from qrecipe.sources.http_fault import HttpFault, HttpFile, Patience

_T = TypeVar("_T")
_PROGRESS = 1 << 20  # bytes: what brought so much is no failure, so that a long download outlives many cuts


@dataclass(frozen=True, slots=True)
class Start:
    """The first bytes of a file, with its whole size and its version."""

    nbytes: int
    etag: str
    held: bytes


def read_range(file: HttpFile, start: int, stop: int, patience: Patience) -> bytes:
    """Return the bytes from `start` to `stop`."""
    held = BytesIO()  # hands its bytes out without a copy
    copy_range(file, start, stop, held.write, patience)
    return held.getvalue()


def copy_range(file: HttpFile, start: int, stop: int, write: Callable[[bytes], object], patience: Patience) -> None:
    """Hand the bytes of a range to `write`, in order and each once, however often the connection is cut."""
    attempt, before = 0, start
    while start < stop:
        try:
            with exchange(file, (start, stop)) as answer:
                for piece in answer.pieces(stop - start):
                    write(piece)
                    start += len(piece)
        except HttpFault as fault:
            if start - before >= _PROGRESS:
                attempt, before = 0, start
            if patience.is_over(attempt, fault):
                raise
            patience.pause(attempt, fault)
            attempt += 1


def read_start(file: HttpFile, size: int, patience: Patience) -> Start:
    """Return the first `size` bytes (all of a smaller file) with the file's size and version."""

    def ask() -> Start:
        with exchange(file, (0, size)) as answer:
            held = b"".join(answer.pieces(size))
            return Start(answer.nbytes or len(held), answer.etag, held)

    return _patiently(ask, patience)


def read_whole(file: HttpFile, most: int, patience: Patience) -> bytes:
    """Return a whole small file; a fault where it has more than `most` bytes."""

    def ask() -> bytes:
        with exchange(file, None) as answer:
            if (answer.nbytes or 0) > most:
                raise HttpFault("answer", f"the server sends {answer.nbytes} bytes; {most} is the limit")
            return b"".join(answer.pieces(most))

    return _patiently(ask, patience)


def _patiently(ask: Callable[[], _T], patience: Patience) -> _T:
    attempt = 0
    while True:
        try:
            return ask()
        except HttpFault as fault:
            if patience.is_over(attempt, fault):
                raise
            patience.pause(attempt, fault)
            attempt += 1
