"""`tokenizer.ggml.merges`: tokenizer.json's merges, each two parts with a blank between.

Both forms are read: one text (`"a b"`) or two (`["a", "b"]`). A blank inside a part becomes `Ġ`, as in llama.cpp's
converter.
"""

from __future__ import annotations

from collections.abc import Iterator

from qrecipe.architectures.tokenizer.documents import Merges
from qrecipe.architectures.tokenizer.files import TokenizerFiles
from qrecipe.architectures.tokenizer.table import strings
from qrecipe.types.metadata import MetadataEntry

_BLANK = chr(ord(" ") + 256)


def merges_entry(files: TokenizerFiles) -> Iterator[MetadataEntry]:
    """Yield the entry, if there are merges."""
    merges = files.json.model.merges if files.json is not None else []
    if merges:
        yield strings("tokenizer.ggml.merges", list(map(str.encode, _joined(merges))))


def _joined(merges: Merges) -> list[str]:
    if isinstance(merges[0], str):  # then all are
        return merges
    joined = list(map(" ".join, merges))
    if "".join(joined).count(" ") == len(joined):
        return joined
    return [" ".join(part.replace(" ", _BLANK) for part in pair) for pair in merges]
