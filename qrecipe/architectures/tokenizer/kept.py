"""What a large tokenizer.json became, kept, so that the next plan of the same model need not parse it again.

A copy is named by a digest of every file that the entries are made of, of the code that makes them, and of the
versions of qrecipe and pydantic, and it begins with its own SHA-256. It is used only where the folder and the file are
the user's own and nobody else may write to them. Whatever is not so, or goes wrong, is as if nothing were kept: nothing
here raises. Copies lie in the folder that huggingface_hub sets apart for each library (HF_ASSETS_CACHE), the eight
latest of them.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.architectures.tokenizer.documents import content
from qrecipe.errors import SourceError
from qrecipe.types.metadata import MetadataEntry, MetadataKind

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE = 4 << 20  # bytes of a tokenizer.json; a smaller one is parsed in less than a tenth of a second
_FORM = b"1"
_COPIES = 8
_DIGEST_BYTES = 32
_MOST_HEAD = 1 << 16
_MOST_BYTES = 256 << 20
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_NAMES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a tokenizer: how many tokens it counts, and its metadata."""

    tokens: int
    entries: tuple[MetadataEntry, ...]


def key_of(folder: Path | None) -> str | None:
    """Return what a folder's tokenizer is kept under; None for one that is not kept."""
    if folder is None or not hasattr(os, "getuid"):
        return None
    try:
        if (folder / "tokenizer.model").exists() or not LARGE <= (
            folder / "tokenizer.json"
        ).stat().st_size < _MOST_BYTES:
            return None
        return _digest(folder)
    except (OSError, SourceError, ImportError):
        return None


def find(key: str | None) -> Kept | None:
    """Return what is kept; None where that is nothing, or cannot be trusted."""
    if key is None:
        return None
    try:
        copy = _trusted(_place() / key)
        body = memoryview(copy)[_DIGEST_BYTES:]
        return _decoded(body, key) if sha256(body).digest() == copy[:_DIGEST_BYTES] else None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None


def keep(folder: Path | None, key: str | None, found: Kept) -> None:
    """Keep what was made of a folder, unless its files have changed since `key` was made."""
    if key is None or key_of(folder) != key:
        return
    with suppress(OSError, RuntimeError):  # the latter for a user without a home
        place = _place()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_ours(place.lstat(), stat.S_IFDIR):
            _write(place / key, _encoded(found, key))
            _forget_old(place)


def _place() -> Path:
    """Return the folder, as huggingface_hub names it; its own constants take long to load."""
    shared = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    assets = Path(os.environ.get("HF_ASSETS_CACHE") or Path(os.environ.get("HF_HOME") or shared) / "assets")
    return Path(os.path.expandvars(assets)).expanduser() / "qrecipe" / "tokenizers"


def _digest(folder: Path) -> str:
    from importlib.metadata import version  # noqa: PLC0415 - slow to load

    whole = sha256(f"{_FORM!r} {version('qrecipe')} {version('pydantic')}".encode())
    for path in (*_code(), *(folder / name for name in _NAMES), *_templates(folder)):
        found = content(path) if path.is_file() else None
        whole.update(f"\n{path.name!r} {None if found is None else len(found)}\n".encode())
        whole.update(found or b"")
    return whole.hexdigest()


def _code() -> Iterator[Path]:
    """Yield the code that entries are made by; a developer changes it without changing the version."""
    here = Path(__file__).parent
    yield from (*sorted(here.glob("*.py")), here.parent / "described.py")


def _templates(folder: Path) -> list[Path]:
    return sorted((folder / "additional_chat_templates").glob("*.jinja"))


def _trusted(path: Path) -> bytes:
    """Return a file's content; OSError where others could have written it."""
    folder = path.parent.lstat()
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        ours = _is_ours(folder, stat.S_IFDIR) and _is_ours(found, stat.S_IFREG)
        if not ours or found.st_size > _MOST_BYTES:
            raise PermissionError
        return file.read()


def _is_ours(found: os.stat_result, kind: int) -> bool:
    return (
        stat.S_IFMT(found.st_mode) == kind
        and found.st_uid == os.getuid()
        and not stat.S_IMODE(found.st_mode) & _OTHERS_MAY_WRITE
    )


def _encoded(found: Kept, key: str) -> bytes:
    table = [[entry.key, entry.kind, len(entry.payload)] for entry in found.entries]
    head = json.dumps({"key": key, "tokens": found.tokens, "entries": table}).encode()
    body = b"".join((head, b"\n", *(entry.payload for entry in found.entries)))
    return sha256(body).digest() + body


def _decoded(body: memoryview, key: str) -> Kept | None:
    """Return what `_encoded` put there, under this key and no other; its digest is right."""
    at = bytes(body[:_MOST_HEAD]).index(b"\n") + 1
    head = json.loads(bytes(body[:at]))
    if head["key"] != key:
        return None
    entries = []
    for name, kind, nbytes in head["entries"]:
        entries.append(MetadataEntry(name, MetadataKind(kind), bytes(body[at : at + nbytes])))
        at += nbytes
    return Kept(head["tokens"], tuple(entries)) if at == len(body) else None


def _write(path: Path, copy: bytes) -> None:
    """Write a file: whole, or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(copy)
            file.flush()
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink()
            raise


def _forget_old(place: Path) -> None:
    for path in sorted(place.iterdir(), key=lambda each: each.lstat().st_mtime)[:-_COPIES]:
        path.unlink()
