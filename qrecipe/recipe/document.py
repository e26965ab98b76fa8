"""A TOML file, read and parsed: its data, its text and where everything in it stands.

Refuses what is no readable TOML of a sensible size, with a message of its own for each way to fail. `shown` is the name
that messages use for the file. Files are untrusted: only regular ones are read, without waiting for what never comes,
and no more than 1 MiB of them, which bounds what a recipe can cost.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from qrecipe.errors import Diagnostic, Location, RecipeError, Span
from qrecipe.recipe.locate import Places
from qrecipe.recipe.toml_faults import syntax_fault
from qrecipe.recipe.toml_limits import beyond_limits

MAX_BYTES = 1 << 20
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file. `folder` is what its relative paths are relative to."""

    file: str
    folder: Path
    data: Mapping[str, Any] = field(repr=False)
    places: Places = field(repr=False)


def read_document(path: Path, shown: str) -> Document:
    """Read a file; RecipeError says why it cannot be."""
    return parse_document(_decoded(_read(path, shown), shown), path.parent, shown)


def read_text(path: Path, shown: str) -> str:
    """Read a file's text, line ends as they are, whether or not it is TOML; RecipeError says why it cannot be."""
    return _decoded(_read(path, shown), shown)


def parse_document(text: str, folder: Path, shown: str) -> Document:
    """Parse TOML text; RecipeError points at the fault."""
    text = text.replace("\r\n", "\n")
    if (fault := beyond_limits(shown, text)) is not None:
        raise RecipeError(fault)
    try:
        data = tomllib.loads(text)
    except RecursionError:
        what = "arrays or tables are nested too deeply"
        _refuse("toml-too-deep", what, shown, why="no key of a recipe needs that", fix="take out the brackets")
    except ValueError as error:  # a TOMLDecodeError, or an integer of thousands of digits
        raise RecipeError(syntax_fault(shown, text, error)) from None
    return Document(shown, folder, data, Places.of(shown, text))


def _read(path: Path, shown: str) -> bytes:
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            _refuse("recipe-is-a-folder", "this is a folder, not a recipe", shown, fix="name a .toml file in it")
        if not stat.S_ISREG(kind):
            why = "a device or a pipe may never end"
            _refuse("recipe-not-a-file", "this is no regular file", shown, why=why, fix="name a .toml file")
        with open(path, "rb", buffering=0, opener=_at_once) as file:
            raw = _begin(file)
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        _refuse("recipe-unreadable", "the file cannot be read", shown, why=reason, fix="check its name and permissions")
    if len(raw) > MAX_BYTES:
        why = "no recipe is larger than 1 MiB, so this is likely another kind of file"
        _refuse("recipe-too-large", "the file is too large for a recipe", shown, why=why, fix="name a .toml file")
    return raw


def _at_once(path: str, flags: int) -> int:
    """Open without blocking: what was a file a moment ago may be a pipe, and some files of /proc never end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _begin(file: BinaryIO) -> bytes:
    """Return the file's bytes, or those that tell that it is too large; a piece at a time, as they are there."""
    raw = bytearray()
    while len(raw) <= MAX_BYTES and (piece := file.read(_PIECE)):
        raw += piece
    return bytes(raw)


def _decoded(raw: bytes, shown: str) -> str:
    if raw.startswith(b"GGUF"):
        fix = 'name the recipe; a GGUF file is a source: source = "…"'
        _refuse("recipe-is-gguf", "this is a GGUF file, not a recipe", shown, fix=fix)
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        why = "TOML is plain UTF-8, and a byte order mark is no part of it"
        fix = 'save the file as "UTF-8", not as "UTF-8 with BOM" or "Unicode"'
        _refuse("toml-bom", "the file begins with a byte order mark", shown, why=why, fix=fix)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecipeError(_not_utf8(raw, error.start, shown)) from None


def _not_utf8(raw: bytes, offset: int, shown: str) -> Diagnostic:
    """Point at the first bad byte, in its line with what cannot be decoded replaced."""
    before = raw[:offset].decode("utf-8")
    first = before.rpartition("\n")[2]
    line = first + raw[offset:].split(b"\n", 1)[0].decode("utf-8", errors="replace")
    span = Span(len(first), len(first) + 1)
    return Diagnostic(
        "toml-not-utf8",
        f"the file is not UTF-8: byte 0x{raw[offset]:02x} at offset {offset}",
        Location(shown, "", before.count("\n") + 1, len(first) + 1, text=line, span=span),
        why="TOML is UTF-8 and nothing else",
        fix="save the file as UTF-8 in your editor",
    )


def _refuse(code: str, what: str, shown: str, *, why: str = "", fix: str) -> NoReturn:
    raise RecipeError(Diagnostic(code, what, Location(shown), why, fix))
