"""Files that were cut into parts of bytes, `model.gguf.part00`, `….part01`: which parts make one file, in which order.

Package registries limit the size of a file, so models there come like this. Parts are counted from 0 or from 1, without
a gap; they are never copied together, only read as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from qrecipe.sources.byte_string import ByteString, open_bytes
from qrecipe.sources.fault import Place, fault

_PART = re.compile(r"(?P<whole>.+)\.part(?P<number>\d{1,6})", re.DOTALL)
_WHOLE = (".gguf", ".safetensors")


def whole_name(name: str) -> str | None:
    """Return the name of the whole for a part of a model's file; None for any other name."""
    match = _PART.fullmatch(name)
    return match["whole"] if match is not None and match["whole"].endswith(_WHOLE) else None


def parts_in_folder(path: Path) -> list[Path]:
    """Return all parts in the folder that belong to the same whole as `path`."""
    whole = whole_name(path.name)
    try:
        return [sibling for sibling in path.parent.iterdir() if whole_name(sibling.name) == whole]
    except OSError as error:
        what, fix = f"cannot look for the other parts: {error.strerror}", "make the folder readable"
        raise fault("folder-unreadable", Place(str(path.parent)), what, fix=fix) from None


def open_joined(paths: Iterable[Path]) -> ByteString:
    """Open parts, given in any order, as one string of bytes."""
    ordered = sorted(paths, key=_number)
    numbers = [_number(path) for path in ordered]
    name = str(ordered[0].with_name(whole_name(ordered[0].name) or ordered[0].name))
    first = min(numbers[0], 1)
    if numbers != list(range(first, first + len(numbers))):
        missing = sorted(set(range(first, numbers[-1] + 1)) - set(numbers))
        what = f"part {missing[0]} is missing" if missing else "a part's number stands twice"
        why = f"there are {', '.join(path.name for path in ordered[:8])}"
        fix = "install or download all parts of it, each once"
        raise fault("parts-incomplete", Place(name), what, why=why, fix=fix)
    return open_bytes(ordered, name)


def _number(path: Path) -> int:
    match = _PART.fullmatch(path.name)
    return int(match["number"]) if match is not None else 0
