"""Where copies of the hub's files lie on this machine.

Files are in the cache that all programs share (HF_HUB_CACHE: `blobs` by digest, `snapshots` by commit), so that what
another program downloaded is found here, and the other way round. Headers and lists of files, which no other program
keeps, are in the folder that huggingface_hub sets apart for each library (HF_ASSETS_CACHE). Both are named by commit:
what they hold never changes. The layout is huggingface_hub's ("Understand caching" in its documentation).
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from qrecipe.sources.fault import Place, fault


@dataclass(frozen=True, slots=True)
class HubCache:
    """The copies of one model's files.

    Attributes:
        folder: In the shared cache.
        assets: Ours.
        locks: Where programs that download the same file wait for each other.
    """

    folder: Path
    assets: Path
    locks: Path

    def snapshot(self, commit: str) -> Path:
        """Return the folder with a commit's files."""
        return self.folder / "snapshots" / commit

    def blob(self, digest: str) -> Path:
        """Return where a file's content lies."""
        return self.folder / "blobs" / digest

    def known_commit(self, revision: str) -> str | None:
        """Return what a branch or a tag meant when some program asked last."""
        for path in (self.assets / "refs" / quote(revision, safe=""), self.folder / "refs" / revision):
            if (found := read_kept(path, 64)) is not None and len(found) == 40 and found.isalnum():  # noqa: PLR2004
                return found.decode("ascii")
        return None

    def keep_commit(self, revision: str, commit: str) -> None:
        """Note what a branch or a tag means."""
        keep(self.assets / "refs" / quote(revision, safe=""), commit.encode("ascii"))

    def listing(self, commit: str) -> Path:
        """Return where the list of a commit's files is kept."""
        return self.assets / commit / "files.json"

    def header(self, commit: str, name: str) -> Path:
        """Return where the beginning of a file is kept."""
        return self.assets / commit / "headers" / quote(name, safe="")

    def link(self, digest: str, commit: str, name: str) -> None:
        """Put a blob into a snapshot: a relative link, or where there are none a copy."""
        path, blob = self.snapshot(commit) / name, self.blob(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or path.exists():
            path.unlink()
        try:
            path.symlink_to(os.path.relpath(blob, path.parent))
        except OSError:  # Windows without the right to link: huggingface_hub moves the file likewise
            blob.replace(path)


def cache_of(repo: str) -> HubCache:
    """Return where a model's copies lie, as the environment says."""
    from huggingface_hub import constants  # noqa: PLC0415 - heavy

    cache = Path(constants.HF_HUB_CACHE).expanduser()
    name = f"models--{repo.replace('/', '--')}"
    return HubCache(cache / name, assets() / name, cache / ".locks" / name)


def assets() -> Path:
    """Return the folder for what no other program keeps."""
    from huggingface_hub import constants  # noqa: PLC0415 - heavy

    return Path(constants.HF_ASSETS_CACHE).expanduser() / "qrecipe"


def read_kept(path: Path, most: int) -> bytes | None:
    """Return what is kept at a path; None where there is nothing, or more than can be ours."""
    try:
        with path.open("rb") as file:
            nbytes = os.fstat(file.fileno()).st_size  # a read takes memory for all that it is asked for
            return file.read(nbytes) if nbytes <= most else None
    except OSError:
        return None


def keep(path: Path, content: bytes) -> None:
    """Keep something under a path: whole, or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> Exception:
    """Return the error for a cache that cannot be written to."""
    return fault(
        "cache-unwritable",
        Place(str(path.parent)),
        f"cannot write to the cache: {error.strerror}",
        why="headers, tokenizers and weights of remote checkpoints are kept there",
        fix="make the folder writable, or name another one with HF_HOME in the environment",
    )
