"""Which files a split GGUF model consists of: siblings `NAME-00001-of-00003.gguf` in one folder.

Names come from the name of the file that the user gave, never from metadata: what a file says becomes no path. Metadata
(`split.no`, `split.count`, `split.tensors.count`) is only compared with what is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from qrecipe.sources.fault import Place, fault
from qrecipe.sources.gguf_header import GgufHeader
from qrecipe.types.metadata import MetadataEntry

_NAME = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.DOTALL)
_NAMED = 4  # missing parts that a message names
_COMPLETE = "put all parts into one folder under their own names, or join them with `llama-gguf-split --merge`"


def split_count(metadata: Sequence[MetadataEntry], place: Place) -> int:
    """Return of how many files the model consists, as its metadata says; 1 without a word about it."""
    count = _integer(metadata, "split.count", place)
    return 1 if count is None else max(count, 1)


def is_later_part(name: str) -> bool:
    """Say whether a file's name is that of part 2 or more of a split model."""
    match = _NAME.fullmatch(name)
    return match is not None and int(match["number"]) > 1


def parts_beside(path: Path, count: int, there: Callable[[Path], bool] = Path.is_file) -> tuple[Path, ...]:
    """Return the paths of all parts, given any of them; `there` says which files there are."""
    match = _NAME.fullmatch(path.name)
    if match is None or int(match["count"]) != count:
        what = f"the model is split into {count} files, and this name does not say which one it is"
        why = f"parts are found by their names: NAME-00001-of-{count:05}.gguf, …"
        raise fault("gguf-split-name", Place(str(path)), what, why=why, fix=_COMPLETE)
    stem = match["stem"]
    if missing := list(islice((part.name for part in _parts(path, stem, count) if not there(part)), _NAMED)):
        what = f"of the model's {count} files, these are missing: {', '.join(missing)}"
        raise fault("gguf-split-incomplete", Place(str(path)), what, fix=_COMPLETE)
    return tuple(_parts(path, stem, count))


def _parts(path: Path, stem: str, count: int) -> Iterator[Path]:
    """Yield the paths of all parts: a name may claim very many of them."""
    for number in range(1, count + 1):
        yield path.with_name(f"{stem}-{number:05}-of-{count:05}.gguf")


def check_parts(headers: Sequence[GgufHeader], names: Sequence[str]) -> None:
    """Compare what the parts say about themselves with each other."""
    seen: dict[str, str] = {}
    for number, (header, name) in enumerate(zip(headers, names, strict=True)):
        _check_part(header, Place(name), number, len(headers))
        for row in header.rows:
            if row.name in seen:
                what = f"tensor {row.name!r} stands in two parts"
                why = f"it is in {seen[row.name]} too"
                raise fault("gguf-duplicate-tensor", row.place, what, why=why, fix=_COMPLETE)
            seen[row.name] = name
    total = _integer(headers[0].metadata, "split.tensors.count", Place(names[0]))
    if total is not None and total != len(seen):
        what = f"the model's files hold {len(seen)} tensors together, and split.tensors.count says {total}"
        raise fault("gguf-split-incomplete", Place(names[0]), what, fix=_COMPLETE)


def _check_part(header: GgufHeader, place: Place, number: int, count: int) -> None:
    for key, expected in (("split.no", number), ("split.count", count)):
        found = _integer(header.metadata, key, place)
        if found != expected:
            what = f"{key} is {'missing' if found is None else found}, and should be {expected}"
            why = "the file is of another model, or its name is not the one that it was written under"
            raise fault("gguf-split-mixed", place, what, why=why, fix=_COMPLETE)


def _integer(metadata: Sequence[MetadataEntry], key: str, place: Place) -> int | None:
    entry = next((entry for entry in metadata if entry.key == key), None)
    if entry is None:
        return None
    value = entry.scalar()
    if not isinstance(value, int) or isinstance(value, bool):
        raise fault("gguf-bad-split", place, f"{key} is no integer but {entry.kind.name.lower()}")
    return value
