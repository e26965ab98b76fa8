"""Safetensors checkpoints: one file, or the shards that a `*.safetensors.index.json` lists, with their `config.json`.

Shards are plain names in the index's own folder, read in the order of their names; the index and the shards must agree
on every tensor. dtypes are spelled as ggml does where ggml has them, and as safetensors does elsewhere (`F8_E4M3`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qrecipe.sources.byte_string import ByteString, open_bytes
from qrecipe.sources.checkpoint import FileCheckpoint, digest_of
from qrecipe.sources.fault import GET_AGAIN, Place, fault
from qrecipe.sources.json_text import parse_object
from qrecipe.sources.safetensors_header import read_header
from qrecipe.types.source import StoredFile

INDEX_SUFFIX = ".safetensors.index.json"
SUFFIX = ".safetensors"
_JSON_MOST = 64 << 20


def open_safetensors(
    strings: Sequence[ByteString], reference: str, weight_map: Mapping[str, str] | None
) -> FileCheckpoint:
    """Open files whose tensors make up one checkpoint; `weight_map` is the index's, None without one."""
    headers = [read_header(string, file) for file, string in enumerate(strings)]
    names = [Path(string.name).name for string in strings]
    place = Place(strings[0].name)
    if weight_map is not None:
        _check_index(weight_map, {t.name: names[t.file] for h in headers for t in h.tensors}, place)
    tensors = [tensor for header in headers for tensor in header.tensors]
    by_name = {tensor.name: tensor for tensor in tensors}
    if len(by_name) < len(tensors):
        raise _twice(next(t.name for t in tensors if by_name[t.name] is not t), place)
    return FileCheckpoint(
        reference=reference,
        container="safetensors",
        files=tuple(StoredFile(n, s.nbytes, len(h.raw)) for n, s, h in zip(names, strings, headers, strict=True)),
        strings=tuple(strings),
        tensors=by_name,
        metadata=None,
        config=_config(Path(strings[0].parts[0].path).parent),
        header_digest=digest_of(header.raw for header in headers),
        warnings=_warnings(names, weight_map),
    )


def open_index(path: Path, reference: str) -> FileCheckpoint:
    """Open the shards that an index lists."""
    weight_map = read_index(path)
    shards = [path.with_name(name) for name in sorted(set(weight_map.values()))]
    if missing := [shard.name for shard in shards if not shard.is_file()]:
        what = f"of the index's {len(shards)} files, {len(missing)} are missing: {', '.join(missing[:4])}"
        raise fault("safetensors-incomplete", Place(str(path)), what, fix="download the missing files into its folder")
    return open_safetensors([open_bytes([shard]) for shard in shards], reference, weight_map)


def read_index(path: Path) -> Mapping[str, str]:
    """Return which plain file name holds each tensor."""
    place = Place(str(path))
    weight_map = _read_json(path, "the index").get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise fault("safetensors-bad-index", place, "the index has no table `weight_map`")
    for tensor, shard in weight_map.items():
        if not isinstance(shard, str) or not _is_plain(shard):
            what = f"the index places tensor {tensor!r} in {shard!r}"
            why = "shards are plain names ending in .safetensors, in the index's own folder"
            raise fault("safetensors-bad-index", place, what, why=why)
    return weight_map


def _is_plain(name: str) -> bool:
    return name.endswith(SUFFIX) and name.isprintable() and not set(name) & set("/\\:") and not name.startswith(".")


def _check_index(weight_map: Mapping[str, str], held: Mapping[str, str], place: Place) -> None:
    for name, shard in weight_map.items():
        if held.get(name) != shard:
            where = f"which is in {held[name]}" if name in held else "which no shard holds"
            what = f"the index places tensor {name!r} in {shard}, {where}"
            raise fault("safetensors-bad-index", place, what, fix=GET_AGAIN)
    if extra := sorted(held.keys() - weight_map.keys()):
        what = f"shards hold {len(extra)} tensors that the index does not list, first {extra[0]!r} in {held[extra[0]]}"
        raise fault("safetensors-bad-index", place, what, fix=GET_AGAIN)


def _twice(name: str, place: Place) -> Exception:
    return fault("safetensors-duplicate-tensor", place, f"tensor {name!r} stands in two shards")


def _warnings(names: Sequence[str], weight_map: Mapping[str, str] | None) -> tuple[str, ...]:
    if weight_map is None and "-of-" in names[0]:
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
