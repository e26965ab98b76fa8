"""Local paths as sources: a GGUF or safetensors file, an index, the first part of a joined file, or a folder with one.

A file's kind is decided by what it begins with, then by its name. A folder must hold exactly one checkpoint; anything
else is an error that lists what is there. Pickles (`.bin`, `.pt`) are refused: reading one runs code.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.fault import Place, fault
from qrecipe.sources.gguf import open_gguf
from qrecipe.sources.gguf_header import MAGIC
from qrecipe.sources.gguf_split import is_later_part
from qrecipe.sources.joined import open_joined, parts_in_folder, whole_name
from qrecipe.sources.safetensors import INDEX_SUFFIX, SUFFIX, open_index, open_safetensors, read_index

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters at least: `C:\model` is a path
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_SHOWN = 12
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
        raise fault("source-missing", Place(reference), what, fix="write the path out; './~x' is a file '~x'") from None


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
    candidates = _candidates(folder, names)
    if len(candidates) == 1:
        return folder / candidates[0]
    if candidates:
        what = f"the folder holds {len(candidates)} checkpoints: {_listed(candidates)}"
        fix = f"name one, as in source = {str(folder / candidates[0])!r}"
        raise fault("source-ambiguous", Place(str(folder)), what, why="a recipe is for one checkpoint", fix=fix)
    if pickles := [name for name in names if name.endswith(_PICKLES)]:
        raise _pickle(folder, pickles)
    there = _listed(names) if names else "no files"
    raise fault(
        "source-without-weights",
        Place(str(folder)),
        "the folder holds no .gguf and no .safetensors file",
        why=f"it holds {there}",
        fix="name the folder that holds the weights, or download them into this one",
    )


def _candidates(folder: Path, names: Sequence[str]) -> list[str]:
    """Return the files that stand for a checkpoint: not the shards of an index, not the later parts of a split."""
    indexes = [name for name in names if name.endswith(INDEX_SUFFIX)]
    shards = {shard for index in indexes for shard in read_index(folder / index).weight_map.values()}
    plain = [name for name in names if name.endswith((".gguf", SUFFIX))]
    wholes = {whole_name(name): name for name in reversed(names) if whole_name(name) is not None}
    return sorted([*indexes, *(n for n in plain if n not in shards and not is_later_part(n)), *wholes.values()])


def _missing(path: Path) -> Exception:
    there = _names_in(path.parent)
    near = difflib.get_close_matches(path.name[:_NAME_MOST], there or (), n=1)
    why = f"there is no folder {path.parent} either" if there is None else ""
    relative = "check the path: in a recipe it is relative to its folder, on the command line to the working folder"
    fix = f"did you mean {near[0]!r}?" if near else relative
    return fault("source-missing", Place(str(path)), f"there is no file or folder {path.name!r}", why=why, fix=fix)


def _names_in(folder: Path) -> list[str] | None:
    """Return what is in a folder; None where there is no such folder, or none that can be listed."""
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None


def _unknown(path: Path) -> Exception:
    if path.suffix in _PICKLES:
        return _pickle(path.parent, [path.name])
    why = "it neither begins as a GGUF file nor ends in .gguf, .safetensors or .safetensors.index.json"
    fix = "name a GGUF or safetensors file, or a folder that holds one"
    return fault(
        "source-unknown-kind", Place(str(path)), f"{path.name} is no known kind of checkpoint", why=why, fix=fix
    )


def _pickle(folder: Path, names: Sequence[str]) -> Exception:
    what = f"{_listed(names)} may be a pickle, and is not read"
    fix = "convert it to safetensors first, where you trust it (`save_pretrained(…, safe_serialization=True)`)"
    return fault("source-pickle", Place(str(folder)), what, why="reading a pickle runs whatever code it holds", fix=fix)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
