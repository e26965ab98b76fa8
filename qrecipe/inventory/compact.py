"""Inventory files: a model's tensors as a few kilobytes of JSON, so that it can be planned without its weights.

A row stands for one tensor, or for one in each of a run of blocks: `{}` in its names is the block's number. Reading
checks everything (keys, kinds, counts before they are multiplied out) and returns an `Inventory` without metadata;
writing folds equal blocks, and reading back gives an equal inventory. `docs/reference/inventories.md` shows the form.
A few bytes can stand for many tensors, so what comes out is bounded by itself: about 200 MB at most.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from qrecipe.errors import Diagnostic, Location, SourceError
from qrecipe.inventory.findings import in_our_words
from qrecipe.inventory.order import canonical_order, layer_of, role_of
from qrecipe.types.tensor import Inventory, ModelFacts, TensorInfo

_FILE_MOST = 4 << 20
_TENSORS_MOST = 200_000
_BLOCKS_MOST = 10_000  # of one row
_NAMES_MOST = 1_000_000  # of the checkpoint, all tensors together
_LETTERS_MOST = 64 << 20  # of all names
_PIECE = 1 << 16
_BLOCKS = re.compile(r"\d{1,6}(-\d{1,6})?(,\d{1,6}(-\d{1,6})?)*", re.ASCII)
_FIX = "see docs/reference/inventories.md for the form of an inventory file"
_Size = Annotated[int, Field(ge=1, lt=1 << 63)]
_Count = Annotated[int, Field(ge=0, lt=1 << 63)]
_Name = Annotated[str, Field(min_length=1, max_length=512)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)  # most sources need none


class _Facts(_Strict):
    n_layers: _Count | None = None
    n_experts: _Count | None = None
    n_embd: _Count | None = None
    n_vocab: _Count | None = None
    n_heads: _Count | None = None
    n_kv_heads: _Count | None = None
    n_mtp_layers: _Count | None = None


class _Row(_Strict):
    """`sources` are the checkpoint's names; `gguf_dtype` only where it differs from `dtype`."""

    name: _Name
    shape: Annotated[list[_Size], Field(min_length=1, max_length=8, fail_fast=True)]
    dtype: _Name
    gguf_dtype: _Name | None = None
    sources: Annotated[list[_Name], Field(max_length=4096, fail_fast=True)] = []
    blocks: Annotated[str, Field(max_length=4096)] | None = None


class _File(_Strict):
    inventory: Literal[1]
    arch: Annotated[str, Field(max_length=512)]
    mapped: bool = True
    facts: _Facts
    protected: Annotated[list[_Name], Field(max_length=1000, fail_fast=True)] = []
    tensors: Annotated[list[_Row], Field(min_length=1, fail_fast=True)]


def read_inventory(path: Path) -> Inventory:
    """Read an inventory file; SourceError with what is wrong."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _wrong(path, "this is no regular file", fix="name an inventory file, or a shipped one as lib:NAME")
        with open(path, "rb", buffering=0, opener=_at_once) as file:
            raw = _begin(file)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        fix = "check the path, or name a shipped inventory as lib:NAME"
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise _wrong(path, f"cannot read the inventory: {reason}", code="inventory-missing", fix=fix) from None
    if len(raw) > _FILE_MOST:
        raise _wrong(path, f"the file is larger than {_FILE_MOST} bytes")
    return _parse(raw, path)


def write_inventory(inventory: Inventory) -> str:
    """Return the text of an inventory file, one row a line; the header digest and metadata are left out."""
    rows = [json.dumps(row, ensure_ascii=False) for row in _fold(inventory)]
    facts = {name: getattr(inventory.facts, name) for name in _Facts.model_fields}
    head: dict[str, object] = {"inventory": 1, "arch": inventory.arch, "mapped": inventory.mapped}
    head["facts"] = {name: value for name, value in facts.items() if value is not None}
    head["protected"] = list(inventory.protected)
    lines = [f'"{key}": {json.dumps(value, ensure_ascii=False)},' for key, value in head.items()]
    return "\n".join(["{", *lines, '"tensors": [', ",\n".join(rows), "]", "}", ""])


def _at_once(path: str, flags: int) -> int:
    """Open without blocking: what was a file a moment ago may be a pipe, and some files of /proc never end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _begin(file: BinaryIO) -> bytes:
    """Return the file's bytes, or those that tell that it is too large; a piece at a time, as they are there."""
    raw = bytearray()
    while len(raw) <= _FILE_MOST and (piece := file.read(_PIECE)):
        raw += piece
    return bytes(raw)


def _parse(raw: bytes, path: Path) -> Inventory:
    try:
        found = from_json(raw)  # first, by itself: findings about JSON hold a copy of what they are about, each
    except ValueError as error:
        raise _wrong(path, f"the file is no JSON: {error}") from None
    try:
        file = _File.model_validate(found)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:5]
        raise SourceError(*(in_our_words(finding, str(path), _FIX) for finding in found)) from None
    tensors = canonical_order(_unfold(file, path), mapped=file.mapped)
    twice = next((a.name for a, b in pairwise(tensors) if a.name == b.name), None)
    if twice is not None:
        raise _wrong(path, f"tensor {twice!r} stands in the inventory twice")
    return Inventory(
        tensors=tensors,
        arch=file.arch,
        mapped=file.mapped,
        facts=ModelFacts(**file.facts.model_dump()),
        source=path.name,
        header_digest=hashlib.sha256(raw).hexdigest(),
        protected=tuple(file.protected),
    )


def _unfold(file: _File, path: Path) -> Iterator[TensorInfo]:
    count = names = letters = 0
    for index, row in enumerate(file.tensors):
        blocks = [None] if row.blocks is None else _blocks(row.blocks, index, path)
        count += len(blocks)
        names += len(blocks) * len(row.sources)
        letters += len(blocks) * (len(row.name) + sum(map(len, row.sources)))
        if count > _TENSORS_MOST:
            raise _wrong(path, f"the inventory has more than {_TENSORS_MOST} tensors", key=f"tensors[{index}].blocks")
        if names > _NAMES_MOST or letters > _LETTERS_MOST:
            what = "the inventory's names take more room than those of any model"
            raise _wrong(path, what, key=f"tensors[{index}].sources")
        if row.blocks is not None and "{}" not in row.name:
            raise _wrong(path, "a row with blocks needs {} in its name", key=f"tensors[{index}].name")
        yield from (_tensor(row, block) for block in blocks)


def _blocks(text: str, index: int, path: Path) -> list[int | None]:
    """Return the numbers in `0-3,5`: lengths are checked before a range becomes a list."""
    if _BLOCKS.fullmatch(text) is None:
        raise _wrong(path, f"{text!r} is no list of blocks like '0-3,5'", key=f"tensors[{index}].blocks")
    found: list[int | None] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        run = range(int(first), int(last or first) + 1)
        if not run:
            raise _wrong(path, f"the run of blocks {part!r} ends before it starts", key=f"tensors[{index}].blocks")
        if len(found) + len(run) > _BLOCKS_MOST:
            raise _wrong(path, f"{text!r} has more than {_BLOCKS_MOST} blocks", key=f"tensors[{index}].blocks")
        found.extend(run)
    return found


def _tensor(row: _Row, block: int | None) -> TensorInfo:
    def filled(text: str) -> str:
        return text if block is None else text.replace("{}", str(block))

    name = filled(row.name)
    sources = tuple(filled(source) for source in row.sources)
    gguf_dtype = row.gguf_dtype or row.dtype
    return TensorInfo(name, tuple(row.shape), row.dtype, gguf_dtype, role_of(name), layer_of(name), sources)


def _fold(inventory: Inventory) -> Iterator[dict[str, object]]:
    """Yield rows: tensors that differ in their block's number only share one."""
    rows: dict[str, tuple[dict[str, object], list[int]]] = {}
    for tensor in inventory.tensors:
        row = _row(tensor)
        opened = tensor.layer is not None and row["name"] != tensor.name  # else a name may hold {} of its own
        _, blocks = rows.setdefault(json.dumps([row, opened]), (row, []))
        if opened and tensor.layer is not None:
            blocks.append(tensor.layer)
    for row, blocks in rows.values():
        yield {**row, "blocks": _runs(blocks)} if blocks else row


def _row(tensor: TensorInfo) -> dict[str, object]:
    names = [tensor.name, *tensor.source_names]
    if str(tensor.layer) in tensor.name.split(".") and not any("{}" in name for name in names):
        names = [_open(name, str(tensor.layer)) for name in names]
    row: dict[str, object] = {"name": names[0], "shape": list(tensor.shape), "dtype": tensor.dtype}
    if tensor.gguf_dtype != tensor.dtype:
        row["gguf_dtype"] = tensor.gguf_dtype
    if tensor.source_names:
        row["sources"] = names[1:]
    return row


def _open(name: str, block: str) -> str:
    """Return the name with `{}` for its first component that is the block's number."""
    parts = name.split(".")
    if block in parts:
        parts[parts.index(block)] = "{}"
    return ".".join(parts)


def _runs(blocks: list[int]) -> str:
    runs: list[list[int]] = []
    for block in sorted(blocks):
        if runs and block == runs[-1][1] + 1:
            runs[-1][1] = block
        else:
            runs.append([block, block])
    return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)


def _wrong(path: Path, what: str, *, key: str = "", code: str = "inventory-invalid", fix: str = _FIX) -> SourceError:
    return SourceError(Diagnostic(code, what, Location(file=str(path), key_path=key), fix=fix))
