"""Local paths as sources: a GGUF or safetensors file, an index, the first part of a joined file, or a folder with one.

A file's kind is decided by what it begins with, then by its name. A folder must hold exactly one checkpoint; anything
else is an error that lists what is there. Pickles (`.bin`, `.pt`) are refused: reading one runs code.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.choice import PICKLES, only_candidate, pickle
from qrecipe.sources.fault import Place, absent, fault
from qrecipe.sources.gguf import open_gguf
from qrecipe.sources.gguf_header import MAGIC
from qrecipe.sources.joined import open_joined, parts_in_folder, whole_name
from qrecipe.sources.safetensors import INDEX_SUFFIX, SUFFIX, open_index, open_safetensors, read_index

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters at least: `C:\model` is a path
_NAME_MOST = 255  # no file's name is longer, and near names of longer ones take long to find


@dataclass(frozen=True, slots=True)
class LocalSource:
    """Paths on this machine, relative to the recipe's folder."""

    name: str = "local"
    example: str = "model.gguf"

    def claims(self, reference: str, folder: Path) -> bool:  # noqa: ARG002 - the protocol's
        """Take whatever has no scheme in front."""
        return _SCHEME.match(reference) is None

    def open(self, reference: str, folder: Path) -> FileCheckpoint:
        """Open a file or a folder."""
        path = Path(folder, _at_home(reference)).absolute()
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir fails where a name is too long, or a folder is closed
            return _open_file(_only_candidate(path))
        if not os.path.exists(path):  # noqa: PTH110 - likewise
            raise _missing(path)
        return _open_file(path)


def _at_home(reference: str) -> Path:
    try:
        return Path(reference).expanduser()
    except RuntimeError:
        what = f"there is no home folder {reference.partition('/')[0]!r}"
        raise absent(
            "source-missing", Place(reference), what, fix="write the path out; './~x' is a file '~x'"
        ) from None


def _open_file(path: Path) -> FileCheckpoint:
    reference = str(path)
    if path.name.endswith(INDEX_SUFFIX):
        return open_index(path, reference)
    string = open_bytes([path]) if whole_name(path.name) is None else open_joined(parts_in_folder(path))
    magic = string.read(0, min(len(MAGIC), string.nbytes))
    if magic == MAGIC or string.name.endswith(".gguf"):
        return open_gguf(string, reference)
    if string.name.endswith(SUFFIX):
        return open_safetensors([string], reference)
    raise _unknown(path)


def _only_candidate(folder: Path) -> Path:
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError as error:
        fix = "make the folder readable"
        raise fault(
            "folder-unreadable", Place(str(folder)), f"cannot list the folder: {error.strerror}", fix=fix
        ) from None
    chosen = only_candidate(
        names,
        Place(str(folder)),
        lambda index: read_index(folder / index).weight_map.values(),
        lambda name: str(folder / name),
    )
    return folder / chosen


def _missing(path: Path) -> Exception:
    there = _names_in(path.parent)
    near = difflib.get_close_matches(path.name[:_NAME_MOST], there or (), n=1)
    why = f"there is no folder {path.parent} either" if there is None else ""
    relative = "check the path: in a recipe it is relative to its folder, on the command line to the working folder"
    fix = f"did you mean {near[0]!r}?" if near else relative
    return absent("source-missing", Place(str(path)), f"there is no file or folder {path.name!r}", why=why, fix=fix)


def _names_in(folder: Path) -> list[str] | None:
    """Return what is in a folder; None where there is no such folder, or none that can be listed."""
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None


def _unknown(path: Path) -> Exception:
    if path.suffix in PICKLES:
        return pickle(Place(str(path.parent)), [path.name])
    why = "it neither begins as a GGUF file nor ends in .gguf, .safetensors or .safetensors.index.json"
    fix = "name a GGUF or safetensors file, or a folder that holds one"
    return fault(
        "source-unknown-kind", Place(str(path)), f"{path.name} is no known kind of checkpoint", why=why, fix=fix
    )
