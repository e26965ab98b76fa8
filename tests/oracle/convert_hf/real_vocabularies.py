"""Published vocabularies as llama.cpp's tree has them, `models/ggml-vocab-NAME.gguf`: read, never copied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gguf

from tests.oracle.convert_hf.tiny_tokenizers import USER_DEFINED, Vocabulary

_SPECIAL = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding", "mask": "mask"}


def read(tree: Path, name: str) -> Vocabulary:
    """Return the vocabulary; `[PADn]` at its end, which the converter made, is left out."""
    reader = gguf.GGUFReader(tree / "models" / f"ggml-vocab-{name}.gguf")
    tokens, types = _values(reader, "tokens"), _values(reader, "token_type")
    count = next(
        (n for n, (token, kind) in enumerate(zip(tokens, types, strict=True)) if _padding(token, kind, n)), len(tokens)
    )
    ids = {short: _values(reader, f"{long}_token_id") for short, long in _SPECIAL.items()}
    merges = [tuple(line.split(" ", 1)) for line in _values(reader, "merges") or ()]
    return Vocabulary(
        tuple(tokens[:count]),
        tuple(types[:count]),
        tuple(merges),
        tuple(_values(reader, "scores") or ()),
        {short: number for short, number in ids.items() if number is not None},
    )


def _padding(token: str, kind: int, number: int) -> bool:
    return token == f"[PAD{number}]" and kind in (5, USER_DEFINED)


def _values(reader: gguf.GGUFReader, key: str) -> Sequence | None:
    field = reader.get_field(f"tokenizer.ggml.{key}")
    return None if field is None else field.contents()
