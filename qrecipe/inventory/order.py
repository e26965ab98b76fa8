"""Canonical order, and what a tensor's name says about it: its role and its layer.

Order: tensors without a block, then by block number, then by the bytes of the name, which is the order in which
llama-quantize writes. The block is the number in `blk.N.` of a canonical name; names that no architecture maps are
ordered by their layer instead, so that `layers.10` stands behind `layers.9` there too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qrecipe.types.tensor import TensorInfo

_BLOCK = re.compile(r"blk\.(\d+)\.", re.ASCII)
_DIGITS_MOST = 9  # a longer number is no layer


def canonical_order(tensors: Iterable[TensorInfo], *, mapped: bool) -> tuple[TensorInfo, ...]:
    """Return the tensors in canonical order; `mapped` says that their names are canonical ones."""
    return tuple(sorted(tensors, key=lambda tensor: _place(tensor.name, mapped=mapped)))


def role_of(name: str) -> str:
    """Return the name without `blk.N.` and `.weight`: `attn_q`, `token_embd`."""
    return _BLOCK.sub("", name, count=1).removesuffix(".weight") if _BLOCK.match(name) else name.removesuffix(".weight")


def layer_of(name: str) -> int | None:
    """Return the first component that is a number."""
    return next((int(part) for part in name.split(".") if _is_number(part)), None)


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= _DIGITS_MOST


def _place(name: str, *, mapped: bool) -> tuple[int, bytes]:
    if mapped:
        match = _BLOCK.match(name)
        block = int(match[1]) if match is not None else None
    else:
        block = layer_of(name)
    return -1 if block is None else block, name.encode("utf-8", errors="surrogateescape")
