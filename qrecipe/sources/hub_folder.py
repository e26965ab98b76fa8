"""A model's files at one commit, as a remote folder: parts to read, small files in the cache, headers kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from qrecipe.sources.http_fault import HttpFile, Patience
from qrecipe.sources.hub_cache import HubCache, keep, read_kept
from qrecipe.sources.hub_download import Wanted, download
from qrecipe.sources.hub_listing import Listing
from qrecipe.sources.hub_model import HubModel
from qrecipe.sources.hub_part import HubPart

_HEADER_MOST = 1 << 28


@dataclass(frozen=True, slots=True)
class HubFolder:
    """`RemoteFolder` over a model of the hub; `within` is a folder of it, with a slash at its end, or empty."""

    model: HubModel
    listing: Listing
    cache: HubCache
    endpoint: str
    patience: Patience
    within: str = ""

    @property
    def name(self) -> str:
        """The reference, with the commit for a revision: it names exact bytes."""
        return HubModel(self.model.repo, self.listing.commit).name + f"/{self.within}".rstrip("/")

    @property
    def sizes(self) -> Mapping[str, int]:
        """The files and their sizes."""
        start = len(self.within)
        return {n[start:]: f.nbytes for n, f in self.listing.files.items() if n.startswith(self.within)}

    def part(self, name: str) -> HubPart:
        """Return a file, unread."""
        whole = self.within + name
        return HubPart(
            self.name, self.model.repo, name, self._address(whole), str(self._snapshot / whole), self.patience
        )

    def copies(self, names: Sequence[str]) -> Path:
        """Download small files, those that are not there yet."""
        self.fetch(names, lambda _: None)
        return self._snapshot / self.within

    def fetch(self, names: Sequence[str], tell: Callable[[int], None]) -> None:
        """Download files; `tell` is called from this thread with the bytes that have come since the last time."""
        missing = [self._wanted(self.within + name) for name in names if self.is_missing(name)]
        download(missing, self.cache, self.patience, tell)

    def is_missing(self, name: str) -> bool:
        """Say whether a file is not in the cache."""
        return not (self._snapshot / (self.within + name)).is_file()

    def kept(self, name: str) -> bytes:
        """Return the beginning of a file, if it was read before."""
        return read_kept(self.cache.header(self.listing.commit, self.within + name), _HEADER_MOST) or b""

    def keep(self, name: str, start: bytes) -> None:
        """Keep the beginning of a file."""
        if self.is_missing(name):
            keep(self.cache.header(self.listing.commit, self.within + name), start)

    @property
    def _snapshot(self) -> Path:
        return self.cache.snapshot(self.listing.commit)

    def _wanted(self, name: str) -> Wanted:
        file = self.listing.files[name]
        return Wanted(self.name, self.model.repo, name, self._address(name), file.digest, self.listing.commit)

    def _address(self, name: str) -> HttpFile:
        file = self.listing.files[name]
        url = f"{self.endpoint}/{self.model.repo}/resolve/{self.listing.commit}/{quote(name)}"
        return HttpFile(url, file.nbytes, file.digest, self.endpoint)
