"""References that recipes hold: `pkg:NAME` means the same everywhere, a path depends on the recipe's folder."""

from __future__ import annotations

import os
from pathlib import Path

_ALIKE = ("model.safetensors", "model.safetensors.index.json")  # every published checkpoint has one of them


def has_scheme(reference: str) -> bool:
    """Tell `pkg:NAME` and `lib:NAME` from a path; a single letter is a drive."""
    scheme, colon, _ = reference.partition(":")
    return bool(colon) and len(scheme) > 1 and "/" not in scheme


def without_folder(reference: str) -> str:
    """Return a local path's last name, and a reference with a scheme as it is."""
    if has_scheme(reference):
        return reference
    return reference.replace("\\", "/").rstrip("/").rpartition("/")[2]


def own_name(reference: str) -> str:
    """Return what a checkpoint is called wherever it lies: its file's name, or its folder's where all files are alike.

    >>> own_name("/models/gemma-4-E2B-it/model.safetensors.index.json"), own_name("/models/tiny.gguf")
    ('gemma-4-E2B-it', 'tiny.gguf')
    """
    name = without_folder(reference)
    if has_scheme(reference) or name not in _ALIKE:
        return name
    return without_folder(reference.replace("\\", "/").rpartition("/")[0]) or name


def is_relative(reference: str) -> bool:
    """Say whether a reference depends on the folder that it is read in."""
    return not (has_scheme(reference) or Path(reference).is_absolute() or reference.startswith("~"))


def moved(reference: str, old: Path, new: Path) -> str:
    """Return a relative path of folder `old` as it reads from folder `new`.

    Links are followed in folders only, and `..` is taken off the front only: the rest may hold variables.
    """
    base, there, rest = Path(os.path.realpath(old)), Path(os.path.realpath(new)), reference.removeprefix("./")
    if base == there:
        return reference
    while rest == ".." or rest.startswith("../"):
        base, rest = Path(os.path.realpath(base / "..")), rest[3:]
    while (first := rest.partition("/"))[1] and there.is_relative_to(base / first[0]):
        base, rest = base / first[0], first[2]
    try:
        way = os.path.relpath(base, there).replace(os.sep, "/")
    except ValueError:  # Windows: another drive
        way = base.as_posix()
    return "/".join(part for part in (way, rest) if part not in ("", ".")) or "."
