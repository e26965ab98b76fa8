"""`s3://bucket/folder`, `gs://…`, `memory://…`: folders and files of whatever store fsspec has a driver for.

Only stores are taken: fsspec's wrappers (archives, caches, references, chains with `::`) could be told to read other
things. Log-ins are the driver's business: its own files and environment, never the address. What a driver raises is
told as it is, cropped: there are too many of them to know their words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qrecipe.errors import QrecipeError
from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.fault import Place, absent, fault
from qrecipe.sources.hub_cache import assets, keep
from qrecipe.sources.hub_model import is_plain_path
from qrecipe.sources.remote_folder import open_remote

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem  # type: ignore[import-untyped]

_PACKAGES = MappingProxyType(
    {
        "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs",
        "oss": "ossfs", "hdfs": "pyarrow", "webhdfs": "requests", "sftp": "paramiko", "ssh": "paramiko",
        "smb": "smbprotocol", "ftp": "", "file": "", "memory": "",
    }
)  # fmt: skip
_SAID_MOST = 300


@dataclass(frozen=True, slots=True)
class FilesystemSource:
    """Stores that fsspec knows."""

    name: str = "fsspec"
    example: str = "s3://BUCKET/FOLDER"

    def claims(self, reference: str, folder: Path) -> bool:  # noqa: ARG002 - the protocol's
        """Take addresses of stores."""
        scheme, separator, _ = reference.partition("://")
        return bool(separator) and scheme in _PACKAGES

    def open(self, reference: str, folder: Path) -> FileCheckpoint:  # noqa: ARG002 - likewise
        """Open a folder or a file of a store."""
        reference = _checked(reference).rstrip("/")
        with _told(reference):
            system, path = _system(reference)
            if system.info(path)["type"] == "directory":
                return open_remote(_StoreFolder(reference, _sizes(system, path)))
            inner, _, name = reference.rpartition("/")
            return open_remote(_StoreFolder(inner, _sizes(system, path.rpartition("/")[0])), name)


@dataclass(frozen=True, slots=True)
class StorePart:
    """A file of a store, as a part of a checkpoint."""

    address: str
    nbytes: int

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`."""
        with _told(self.address):
            system, path = _system(self.address)
            found: bytes = system.cat_file(path, start=start, end=stop)
        if len(found) != stop - start:
            what = f"{stop - start} bytes were asked for at byte {start}, and {len(found)} came"
            raise fault(
                "remote-changed", Place(self.address), what, fix="run again, from the recipe and not from a plan"
            )
        return found


@dataclass(frozen=True, slots=True)
class _StoreFolder:
    """`RemoteFolder` over a folder of a store."""

    name: str
    listed: Mapping[str, tuple[int, str]] = field(repr=False)

    @property
    def sizes(self) -> Mapping[str, int]:
        """The files and their sizes."""
        return {name: nbytes for name, (nbytes, _) in self.listed.items()}

    def part(self, name: str) -> StorePart:
        """Return a file, unread."""
        return StorePart(f"{self.name}/{name}", self.listed[name][0])

    def copies(self, names: Sequence[str]) -> Path:
        """Fetch small files into a folder of their own for these versions of them."""
        versions = repr((self.name, [(name, self.listed[name]) for name in names]))
        folder = assets() / "store" / hashlib.sha256(versions.encode()).hexdigest()
        for name in names:
            if not (folder / name).is_file():
                keep(folder / name, self.part(name).read(0, self.listed[name][0]))
        return folder

    def kept(self, name: str) -> bytes:  # noqa: ARG002 - the protocol's
        """Return nothing: what an address names may change."""
        return b""

    def keep(self, name: str, start: bytes) -> None:
        """Keep nothing, likewise."""


def _sizes(system: AbstractFileSystem, path: str) -> Mapping[str, tuple[int, str]]:
    """Return a folder's files with their sizes, and what the store calls their versions."""
    found = {}
    for entry in system.ls(path, detail=True):
        name = str(entry["name"]).rstrip("/").rpartition("/")[2]
        if entry["type"] == "file" and isinstance(entry.get("size"), int) and name and is_plain_path(name):
            found[name] = int(entry["size"]), str(entry.get("ETag") or entry.get("mtime") or entry.get("created") or "")
    return found


def _system(address: str) -> tuple[AbstractFileSystem, str]:
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy

    found: tuple[AbstractFileSystem, str] = url_to_fs(address)
    return found


def _checked(reference: str) -> str:
    try:
        bare = urlsplit(reference).password is None
    except ValueError:
        bare = False
    if not bare or "::" in reference or set(reference) & set("?#") or not reference.isprintable():
        why = "an address names a folder or a file, and has no `?`, `#`, `::` and no password in it: plans show it"
        fix = "take them out, and log in as the store's own tools do"
        raise fault(
            "web-address",
            Place(re.sub(r"//[^/@]*@", "//…@", reference)),
            "this address cannot be a source",
            why=why,
            fix=fix,
        )
    return reference


@contextmanager
def _told(address: str) -> Iterator[None]:
    """Turn what a driver raises into words for users."""
    place, package = Place(address), _PACKAGES.get(address.partition(":")[0], "")
    try:
        yield
    except QrecipeError:
        raise
    except ImportError as error:
        what = f"reading {place.file.partition(':')[0]}:// needs a package that is not installed"
        raise absent("driver-missing", place, what, why=_said(error), fix=f"pip install {package}") from None
    except FileNotFoundError:
        what, fix = "there is no such file or folder", "check the spelling, and whether the log-in may see it"
        raise fault("remote-missing", place, what, fix=fix) from None
    except PermissionError as error:
        fix = "log in as the store's own tools do, or download the checkpoint and name its folder"
        raise fault("remote-refused", place, "the store refuses to read it", why=_said(error), fix=fix) from None
    except Exception as error:  # noqa: BLE001 - each driver has its own
        what = f"the store cannot be read: {_said(error)}"
        raise absent(
            "remote-unavailable", place, what, fix="run again later, or download it and name its folder"
        ) from None


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:_SAID_MOST]}".strip().rstrip(".:")
