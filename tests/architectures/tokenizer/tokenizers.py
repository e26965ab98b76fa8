"""Small invented tokenizers as data, and the folders that hold them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

GPT2 = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
BPE: dict[str, Any] = {  # byte-level: GPT-2's kind
    "version": "1.0",
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": GPT2,
    "post_processor": None,
    "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3}, "merges": [["a", "b"]]},
}
FALLBACK: dict[str, Any] = {  # with byte fallback: Gemma's and Llama 2's kind
    "version": "1.0",
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": None,
    "post_processor": None,
    "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
    "model": {
        "type": "BPE",
        "byte_fallback": True,
        "vocab": {"<pad>": 0, "<eos>": 1, "<0x0A>": 2, "a": 3, "b": 4, "ab": 5, "<|tool_call>": 6},
        "merges": [["a", "b"]],
    },
}


def changed(tokenizer: Mapping[str, Any], key_path: str, value: object) -> dict[str, Any]:
    """Return a tokenizer with one value changed or added; `...` takes it out."""
    whole = copy.deepcopy(dict(tokenizer))
    *parents, last = key_path.split(".")
    part = whole
    for name in parents:
        part = part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return whole


def added(content: str, number: int, *, special: bool = True, normalized: bool = False) -> dict[str, Any]:
    """Return an added token as tokenizer.json has it."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip"), False)
    return {"id": number, "content": content, "special": special, "normalized": normalized, **flags}


def files(folder: Path, found: Mapping[str, Any]) -> Path:
    """Write files: text and bytes as they are, anything else as JSON; return the folder."""
    folder.mkdir(exist_ok=True, parents=True)
    for name, value in found.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        if isinstance(value, bytes):
            path.write_bytes(value)
        else:
            path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return folder
