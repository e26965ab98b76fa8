"""Writes a checkpoint of a published model's names and shapes that costs no disk: shards of holes, read as zeros.

What a shipped inventory says a checkpoint holds is laid out as the hub has it: safetensors shards with an index, beside
config.json and any files that are handed in. Tensors that are given weights have them. On a file system without holes
a 26B model takes 50 GB: `is_sparse` tells beforehand.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qrecipe.codecs.builtin import FORMATS
from qrecipe.inventory.compact import read_inventory
from qrecipe.recipe.shipped import shipped_inventory
from qrecipe.types.tensor import Inventory, TensorInfo
from tests.oracle.convert_hf.tiny_tokenizers import BYTE, CONTROL, NORMAL, Vocabulary, gemma4

CONFIGS = Path(__file__).parents[1] / "data" / "gemma4"
SHARD_BYTES = 5_000_000_000  # as the hub's large models have it
SIZES = {made.name: made for made in FORMATS}


@dataclass(frozen=True, slots=True)
class Sparse:
    """What is written.

    Attributes:
        inventory: Names, shapes and dtypes; tensors that a converter makes are passed over.
        config: The bytes of config.json.
        files: More files, by name (a tokenizer's).
        weights: The bytes of some tensors, by the checkpoint's names; the others are holes.
        shard_bytes: Most bytes of a shard's data, where one tensor is not larger by itself.
    """

    inventory: Inventory
    config: bytes
    files: Mapping[str, bytes] = field(default_factory=dict)
    weights: Mapping[str, bytes] = field(default_factory=dict)
    shard_bytes: int = SHARD_BYTES

    def write(self, folder: Path) -> Path:
        """Write the folder and return it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_bytes(self.config)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        shards = list(self._shards())
        places: dict[str, str] = {}
        for number, tensors in enumerate(shards, start=1):
            name = f"model-{number:05}-of-{len(shards):05}.safetensors"
            self._shard(folder / name, tensors)
            places |= dict.fromkeys((stored_name(tensor) for tensor in tensors), name)
        index = {"metadata": {"total_size": sum(map(_nbytes, self._stored()))}, "weight_map": places}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
        return folder

    def _stored(self) -> list[TensorInfo]:
        return sorted((t for t in self.inventory.tensors if t.source_names), key=stored_name)

    def _shards(self) -> Iterator[list[TensorInfo]]:
        shard: list[TensorInfo] = []
        for tensor in self._stored():
            if shard and sum(map(_nbytes, shard)) + _nbytes(tensor) > self.shard_bytes:
                yield shard
                shard = []
            shard.append(tensor)
        yield shard

    def _shard(self, path: Path, tensors: list[TensorInfo]) -> None:
        table, offset = {}, 0
        for tensor in tensors:
            end = offset + _nbytes(tensor)
            place = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [offset, end]}
            table[stored_name(tensor)], offset = place, end
        header = json.dumps({"__metadata__": {"format": "pt"}, **table}).encode()
        header += b" " * (-len(header) % 8)
        with path.open("wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
            file.truncate(8 + len(header) + offset)
            for name in table.keys() & self.weights.keys():
                file.seek(8 + len(header) + table[name]["data_offsets"][0])
                file.write(self.weights[name])


def published(
    name: str, files: Mapping[str, bytes] | None = None, weights: Mapping[str, bytes] | None = None
) -> Sparse:
    """Return a model of the Gemma 4 family by the name of its inventory (`gemma-4-26b-a4b`)."""
    config = (CONFIGS / f"{name}.json").read_bytes()
    return Sparse(read_inventory(shipped_inventory(name)), config, files or {}, weights or {})


def made_up_tokenizer(tokens: int) -> Mapping[str, bytes]:
    """Return the files of a tokenizer of Gemma 4's kind with this many tokens."""
    special = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
    known = (*special, *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "a", "b", "ab")
    texts = (*known, *(f"w{n}" for n in range(tokens - len(known))))
    kinds = [CONTROL] * len(special) + [BYTE] * 256 + [NORMAL] * (tokens - len(special) - 256)
    ids = {"pad": 0, "eos": 1, "bos": 2, "unk": 3, "mask": 4}
    return gemma4(Vocabulary(texts, tuple(kinds), (("a", "b"),), special=ids))


def stored_name(tensor: TensorInfo) -> str:
    """Return the one name that a tensor has in the checkpoint."""
    (name,) = tensor.source_names
    return name


def disk_bytes(folder: Path) -> int:
    """Return what a folder takes of the disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.iterdir())


def is_sparse(folder: Path) -> bool:
    """Say whether the file system under a folder keeps holes as holes."""
    probe = folder / "probe"
    with probe.open("wb") as file:
        file.truncate(1 << 24)
    taken = probe.stat().st_blocks * 512
    probe.unlink()
    return taken < 1 << 20


def _nbytes(tensor: TensorInfo) -> int:
    return SIZES[tensor.dtype].nbytes(tensor.shape, ())
