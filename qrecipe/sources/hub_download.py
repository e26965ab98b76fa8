"""Downloads files into the cache that all programs share: several at once, each from where it stopped last.

A file stands under its digest as `.incomplete` until all of it is there and the digest is right; then it gets its name.
(huggingface_hub's own download, since 2.0, throws an incomplete file away: 5 GB again for a cut line.) Programs that
want the same file wait for each other at huggingface_hub's locks. Room on the disk is looked for before the first byte.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, BinaryIO

from qrecipe.sources.fault import Place, fault
from qrecipe.sources.http_fault import HttpFault, HttpFile, Patience
from qrecipe.sources.http_request import copy_range
from qrecipe.sources.hub_cache import HubCache, unwritable
from qrecipe.sources.hub_faults import hub_error

if TYPE_CHECKING:
    from hashlib import _Hash

_AT_ONCE = 4
_STEP = 1 << 20
_TICK = 0.1  # seconds after which a fault is noticed where nothing comes
_SHA256_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to download: for messages its reference and name, its address and digest, the commit it belongs to."""

    place: str
    repo: str
    name: str
    file: HttpFile
    digest: str
    commit: str

    @property
    def nbytes(self) -> int:
        """Its size."""
        return self.file.nbytes or 0


class _Stopped(Exception):  # noqa: N818 - ends a worker, and goes no further
    """Another file failed, or the user stopped."""


def download(files: Sequence[Wanted], cache: HubCache, patience: Patience, tell: Callable[[int], None]) -> None:
    """Download files, all or none missing afterwards; `tell` is called from this thread with bytes that have come."""
    if not files:
        return
    _look_for_room(files, cache)
    stop, came = threading.Event(), SimpleQueue[int]()
    with ThreadPoolExecutor(_AT_ONCE, "download") as pool:
        try:
            tasks = [pool.submit(_Download(file, cache, patience, stop, came.put).run) for file in files]
            _wait(tasks, came, tell)
        finally:
            stop.set()
    for error in [error for task in tasks if (error := task.exception()) is not None]:
        if not isinstance(error, _Stopped):
            raise error


def _wait(tasks: Sequence[Future[None]], came: SimpleQueue[int], tell: Callable[[int], None]) -> None:
    """Pass on what comes until all is there, or something failed."""
    while not all(task.done() for task in tasks):
        if any(task.done() and task.exception() is not None for task in tasks):
            return
        with suppress(Empty):
            tell(came.get(timeout=_TICK))
    while not came.empty():
        tell(came.get())


class _Download:
    """One file's way into the cache, on a thread of its own."""

    def __init__(
        self, wanted: Wanted, cache: HubCache, patience: Patience, stop: threading.Event, tell: Callable[[int], None]
    ) -> None:
        self._wanted, self._cache, self._stop, self._tell = wanted, cache, stop, tell
        self._patience = replace(patience, sleep=stop.wait)

    def run(self) -> None:
        from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]  # noqa: PLC0415 - heavy

        wanted, blob = self._wanted, self._cache.blob(self._wanted.digest)
        lock = self._cache.locks / f"{wanted.digest}.lock"
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            blob.parent.mkdir(parents=True, exist_ok=True)
            with WeakFileLock(lock):
                if not blob.exists() and not self._stop.is_set():
                    self._complete(blob.with_name(f"{blob.name}.incomplete"))
                    blob.with_name(f"{blob.name}.incomplete").replace(blob)
                self._cache.link(wanted.digest, wanted.commit, wanted.name)
        except HttpFault as error:
            raise hub_error(error, wanted.place, wanted.repo, wanted.name) from None
        except OSError as error:
            raise unwritable(blob, error) from None

    def _complete(self, path: Path) -> None:
        """Bring a file to its end, and prove its digest."""
        state = _digest_of(self._wanted)
        with path.open("a+b") as file:
            done = self._take_up(file, state)

            def write(piece: bytes) -> None:
                if self._stop.is_set():
                    raise _Stopped
                file.write(piece)
                state.update(piece)
                self._tell(len(piece))

            copy_range(self._wanted.file, done, self._wanted.nbytes, write, self._patience)
            file.flush()
            os.fsync(file.fileno())
        if self._wanted.digest != state.hexdigest():
            path.unlink()
            raise _damaged(self._wanted)

    def _take_up(self, file: BinaryIO, state: _Hash) -> int:
        """Read what is there already; return how much it is."""
        if file.seek(0, os.SEEK_END) > self._wanted.nbytes:
            file.truncate(0)
        file.seek(0)
        done = 0
        while piece := file.read(_STEP):
            state.update(piece)
            done += len(piece)
            self._tell(len(piece))
        return done


def _digest_of(wanted: Wanted) -> _Hash:
    """Begin the digest that the hub uses for this file."""
    if len(wanted.digest) == _SHA256_LENGTH:
        return hashlib.sha256()
    return hashlib.sha1(b"blob %d\0" % wanted.nbytes, usedforsecurity=False)


def _look_for_room(files: Sequence[Wanted], cache: HubCache) -> None:
    there = {f.digest: _size(cache.blob(f.digest)) + _size(cache.blob(f"{f.digest}.incomplete")) for f in files}
    needed = sum(max(file.nbytes - there[file.digest], 0) for file in files)
    folder = next((path for path in cache.folder.parents if path.exists()), Path("/"))
    free = shutil.disk_usage(folder).free
    if needed > free:
        what = f"{needed / 1e9:.2f} GB do not fit into the cache"
        why = f"its disk has {free / 1e9:.2f} GB left"
        fix = "make room, name a folder on another disk with HF_HUB_CACHE, or build with --stream, which keeps nothing"
        raise fault("cache-full", Place(str(cache.folder.parent)), what, why=why, fix=fix)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _damaged(wanted: Wanted) -> Exception:
    why = f"its digest is not {wanted.digest}, which the hub lists"
    return fault(
        "download-damaged", Place(wanted.place), f"{wanted.name} came damaged", why=why, fix="run again to download it"
    )
