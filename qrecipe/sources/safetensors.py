"""Safetensors checkpoints: one file, or the shards that a `*.safetensors.index.json` lists, with their `config.json`.

Shards are plain names in the index's own folder, read in the order of their names; the index and the shards must agree
on every tensor. dtypes are spelled as ggml does where ggml has them, and as safetensors does elsewhere (`F8_E4M3`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qrecipe.sources.byte_string import ByteString, open_bytes
from qrecipe.sources.checkpoint import FileCheckpoint, digest_of
from qrecipe.sources.fault import Place, counted, fault
from qrecipe.sources.json_text import parse_object
from qrecipe.sources.safetensors_header import read_header
from qrecipe.types.source import StoredFile, StoredTensor

INDEX_SUFFIX = ".safetensors.index.json"
SUFFIX = ".safetensors"
_JSON_MOST = 64 << 20
_NAME_MOST = 255  # bytes, on every file system in use


@dataclass(frozen=True, slots=True)
class Index:
    """A `*.safetensors.index.json`: which plain file name holds each tensor."""

    place: Place
    weight_map: Mapping[str, str]


def open_safetensors(
    strings: Sequence[ByteString], reference: str, index: Index | None = None, folder: Path | None = None
) -> FileCheckpoint:
    """Open files whose tensors make up one checkpoint, and compare them with their index.

    `folder` is where config.json and the like lie; by default, beside the first file.
    """
    headers = [read_header(string, file) for file, string in enumerate(strings)]
    names = [Path(string.name).name for string in strings]
    tensors = _by_name([tensor for header in headers for tensor in header.tensors], names, Place(reference))
    if index is not None:
        _check_index(index, {tensor.name: names[tensor.file] for tensor in tensors.values()})
    folder = folder or Path(strings[0].name).parent
    return FileCheckpoint(
        reference=reference,
        container="safetensors",
        files=tuple(StoredFile(n, s.nbytes, len(h.raw)) for n, s, h in zip(names, strings, headers, strict=True)),
        strings=tuple(strings),
        tensors=tensors,
        metadata=None,
        config=_config(folder),
        header_digest=digest_of(header.raw for header in headers),
        warnings=_warnings(names, index),
        folder=folder,
    )


def open_index(path: Path, reference: str) -> FileCheckpoint:
    """Open the shards that an index lists."""
    index = read_index(path)
    shards = [path.with_name(name) for name in sorted(set(index.weight_map.values()))]
    if missing := [shard.name for shard in shards if not shard.is_file()]:
        what = f"of the index's {counted(len(shards), 'file')}, these are missing: {', '.join(missing[:4])}"
        raise fault("safetensors-incomplete", index.place, what, fix="download the missing files into its folder")
    return open_safetensors([open_bytes([shard]) for shard in shards], reference, index)


def read_index(path: Path) -> Index:
    """Read an index; its shards are plain names."""
    place = Place(str(path))
    weight_map = _read_json(path, "the index").get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise fault("safetensors-bad-index", place, "the index has no table `weight_map`")
    for tensor, shard in weight_map.items():
        if not isinstance(shard, str) or not _is_plain(shard):
            what = f"the index places tensor {tensor!r} in {shard!r}"
            why = "shards are plain names ending in .safetensors, in the index's own folder"
            raise fault("safetensors-bad-index", place, what, why=why)
    return Index(place, weight_map)


def _is_plain(name: str) -> bool:
    """Say whether this is the name of a file beside the index: no path, nothing hidden, no longer than names can be."""
    fits = len(name.encode("utf-8", errors="surrogatepass")) <= _NAME_MOST and name.isprintable()
    return fits and name.endswith(SUFFIX) and not set(name) & set("/\\:") and not name.startswith(".")


def _by_name(tensors: Sequence[StoredTensor], names: Sequence[str], place: Place) -> dict[str, StoredTensor]:
    found: dict[str, StoredTensor] = {}
    for tensor in tensors:
        if tensor.name in found:
            what = f"tensor {tensor.name!r} stands in two shards"
            why = f"{names[found[tensor.name].file]} and {names[tensor.file]} hold it"
            raise fault("safetensors-duplicate-tensor", place, what, why=why)
        found[tensor.name] = tensor
    return found


def _check_index(index: Index, held: Mapping[str, str]) -> None:
    for name, shard in index.weight_map.items():
        if held.get(name) != shard:
            where = f"and it is in {held[name]}" if name in held else "and no shard holds it"
            raise fault("safetensors-bad-index", index.place, f"the index places tensor {name!r} in {shard}, {where}")
    if extra := sorted(held.keys() - index.weight_map.keys()):
        what = (
            f"shards hold {counted(len(extra), 'tensor')} that the index lacks, first {extra[0]!r} in {held[extra[0]]}"
        )
        raise fault("safetensors-bad-index", index.place, what)


def _warnings(names: Sequence[str], index: Index | None) -> tuple[str, ...]:
    if index is None and "-of-" in names[0]:
        return (f"{names[0]} looks like one of several shards, and is read alone; name the folder to read all",)
    return ()


def _config(folder: Path) -> Mapping[str, object] | None:
    path = folder / "config.json"
    return _read_json(path, "config.json") if path.is_file() else None


def _read_json(path: Path, what: str) -> dict[str, object]:
    string = open_bytes([path])
    if string.nbytes > _JSON_MOST:
        raise fault("json-too-large", Place(str(path)), f"{what} has {string.nbytes} bytes; {_JSON_MOST} is the limit")
    return parse_object(string.read(0, string.nbytes), Place(str(path)), what)
