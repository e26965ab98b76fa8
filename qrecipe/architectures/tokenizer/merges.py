"""`tokenizer.ggml.merges`: tokenizer.json's merges, each two parts with a blank between.

Both forms are read: one text (`"a b"`) or two (`["a", "b"]`). A blank inside a part becomes `Ġ`, as in llama.cpp's
converter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeGuard

from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.files import TokenizerFiles
from qrecipe.architectures.tokenizer.table import strings
from qrecipe.types.metadata import MetadataEntry

_PARTS = 2
_BLANK = chr(ord(" ") + 256)


def merges_entry(files: TokenizerFiles) -> Iterator[MetadataEntry]:
    """Yield the entry, if there are merges."""
    merges = files.json.model.merges if files.json is not None else []
    if merges:
        yield strings("tokenizer.ggml.merges", [merge.encode() for merge in _joined(merges, files)])


def _joined(merges: Sequence[object], files: TokenizerFiles) -> list[str]:
    form = type(merges[0])
    if form is str and (texts := [merge for merge in merges if isinstance(merge, str)]) and len(texts) == len(merges):
        return texts
    if form is list and (pairs := [merge for merge in merges if _is_pair(merge)]) and len(pairs) == len(merges):
        return [_pair(left, right) for left, right in pairs]
    place, i = (
        "model.merges",
        next(i for i, merge in enumerate(merges) if type(merge) is not form or not _is_merge(merge)),
    )
    raise faults.malformed(files.json_path, f"{place}[{i}]", f"{place}[{i}] is no pair of tokens like those before it")


def _is_pair(merge: object) -> TypeGuard[list[str]]:
    return isinstance(merge, list) and len(merge) == _PARTS and isinstance(merge[0], str) and isinstance(merge[1], str)


def _is_merge(merge: object) -> bool:
    return isinstance(merge, str) or _is_pair(merge)


def _pair(left: str, right: str) -> str:
    if " " in left or " " in right:
        left, right = left.replace(" ", _BLANK), right.replace(" ", _BLANK)
    return f"{left} {right}"
