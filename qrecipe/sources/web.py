"""`https://host/path/model.gguf`: one file of any web server that serves ranges, with what lies beside it.

A server does not say what else it has, so an address names a file: a GGUF (the other files of a split model are found
by its name), a safetensors file, or an index. Config and tokenizer are asked for by their usual names. Nothing is
logged in to, and no token is sent. What the server calls the file's version (its ETag) must stay the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.fault import Place, fault
from qrecipe.sources.http_fault import SHORT, USUAL, HttpFault, HttpFile, Patience
from qrecipe.sources.http_request import Start, read_range, read_start, read_whole
from qrecipe.sources.hub_cache import assets, keep
from qrecipe.sources.hub_faults import remote_error
from qrecipe.sources.remote_folder import BESIDE, SMALL_MOST, open_remote

_ADDRESS = re.compile(r"https?://[^/?#@\s\\]+/[^?#\s\\]*[^/?#\s\\]")
_START = 1 << 18
_ABSENT = (403, 404, 410)  # object stores say 403 of what is not there


@dataclass(frozen=True, slots=True)
class WebSource:
    """Files of web servers."""

    name: str = "web"
    example: str = "https://HOST/PATH/model.gguf"
    patience: Patience = USUAL
    asking: Patience = SHORT

    def claims(self, reference: str, folder: Path) -> bool:  # noqa: ARG002 - the protocol's
        """Take what begins with `https://` or `http://`."""
        return reference.startswith(("https://", "http://"))

    def open(self, reference: str, folder: Path) -> FileCheckpoint:  # noqa: ARG002 - likewise
        """Open the file at an address."""
        _check(reference)
        inner, _, name = reference.rpartition("/")
        found = _WebFolder(inner, self)
        if name not in found.sizes:
            raise remote_error(found.absence(name), reference, name)
        return open_remote(found, name)


@dataclass(frozen=True, slots=True)
class WebPart:
    """A file at an address, as a part of a checkpoint."""

    file: HttpFile
    patience: Patience

    @property
    def nbytes(self) -> int:
        """Its size when it was opened."""
        return self.file.nbytes or 0

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`."""
        try:
            return read_range(self.file, start, stop, self.patience)
        except HttpFault as error:
            raise remote_error(error, self.file.url, f"bytes {start} to {stop}") from None


class _WebFolder:
    """`RemoteFolder` over the addresses beside a file; lives while it is opened."""

    def __init__(self, name: str, source: WebSource) -> None:
        self.name = name
        self.sizes: Mapping[str, int] = _Asked(self)
        self._source = source
        self._starts: dict[str, Start | HttpFault] = {}

    def start(self, name: str) -> Start | None:
        """Return the first bytes of a file; None where there is none of that name."""
        if name not in self._starts:
            self._starts[name] = self._asked(name)
        found = self._starts[name]
        return found if isinstance(found, Start) else None

    def absence(self, name: str) -> HttpFault:
        """Return why there is no file of this name."""
        found = self._starts[name]
        assert isinstance(found, HttpFault)  # noqa: S101 - the caller has just looked
        return found

    def part(self, name: str) -> WebPart:
        """Return a file, unread."""
        found = self.start(name)
        version = ("", 0) if found is None else (found.etag, found.nbytes)
        return WebPart(HttpFile(f"{self.name}/{name}", version[1], version[0]), self._source.patience)

    def copies(self, names: Sequence[str]) -> Path:
        """Fetch small files into a folder of their own for these versions of them."""
        versions = [(name, found.etag, found.nbytes) for name in names if (found := self.start(name)) is not None]
        folder = assets() / "web" / hashlib.sha256(repr((self.name, versions)).encode()).hexdigest()
        for name, _, _ in versions:
            if not (folder / name).is_file():
                keep(folder / name, self._whole(name))
        return folder

    def kept(self, name: str) -> bytes:
        """Return what came with the file's size."""
        found = self.start(name)
        return b"" if found is None else found.held

    def keep(self, name: str, start: bytes) -> None:
        """Keep nothing: what an address names may change."""

    def _asked(self, name: str) -> Start | HttpFault:
        try:
            return read_start(HttpFile(f"{self.name}/{name}"), _START, self._source.asking)
        except HttpFault as error:
            if error.status in _ABSENT:
                return error
            raise remote_error(error, f"{self.name}/{name}", name) from None

    def _whole(self, name: str) -> bytes:
        found = self.start(name)
        if found is not None and len(found.held) == found.nbytes:
            return found.held
        try:
            return read_whole(HttpFile(f"{self.name}/{name}"), SMALL_MOST, self._source.patience)
        except HttpFault as error:
            raise remote_error(error, f"{self.name}/{name}", name) from None


class _Asked(Mapping[str, int]):
    """Sizes of a server's files, each asked for when it is looked up; all that can be listed is what is usual."""

    def __init__(self, folder: _WebFolder) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> int:
        found = self._folder.start(name)
        if found is None:
            raise KeyError(name)
        return found.nbytes

    def __iter__(self) -> Iterator[str]:
        return (name for name in BESIDE if self._folder.start(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _check(reference: str) -> None:
    try:
        fits = _ADDRESS.fullmatch(reference) and reference.isprintable() and urlsplit(reference).port != 0
    except ValueError:  # a port that is none
        fits = False
    if not fits:
        why = "an address names a file, and has no `?`, no `#`, and no user or password in it: plans and locks show it"
        fix = "take them out; for a model of the hub write hf://ORG/NAME"
        raise fault(
            "web-address",
            Place(re.sub(r"//[^/@]*@", "//…@", reference)),
            "this address cannot be a source",
            why=why,
            fix=fix,
        )
