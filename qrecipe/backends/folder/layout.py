"""Where every byte of a folder artifact lies, before any work: shards, their headers, and the files beside them.

A shard is filled in the order of the modules until the next one would not fit; a module's arrays stay together. Within
a shard wide dtypes come first, so that every array is aligned to its elements, which readers count on. Sizes come from
`scheme.Array.nbytes` alone. Where the checkpoint is not at hand, the arrays' sizes are exact and the files' are
estimates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.backends.folder.header import Entry, encode_header
from qrecipe.types.scheme import ITEM_BITS, Array
from qrecipe.types.target import Layout, OutputFile, Part

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module

CONFIG, LOCK, INDEX = "config.json", "qrecipe.lock.json", "model.safetensors.index.json"
WHY_ESTIMATE = "the checkpoint is not at hand, so what else its folder holds (tokenizer, config.json) is not known"


@dataclass(frozen=True, slots=True)
class Placed:
    """An array, and where it lies: in which shard, and how far behind that one's header."""

    module: Module
    array: Array
    shard: int
    start: int

    @property
    def name(self) -> str:
        """The array's name in the file."""
        return self.module.name + self.array.suffix


@dataclass(frozen=True, slots=True)
class Shard:
    """One safetensors file: its name, its header, and the size of what follows."""

    name: str
    header: bytes
    data_bytes: int

    @property
    def nbytes(self) -> int:
        """Its size."""
        return len(self.header) + self.data_bytes


@dataclass(frozen=True, slots=True)
class Shards:
    """All weights of an artifact, in order."""

    shards: tuple[Shard, ...]
    placed: tuple[Placed, ...]

    @property
    def data_bytes(self) -> int:
        """Bytes of all arrays."""
        return sum(shard.data_bytes for shard in self.shards)

    @property
    def weight_map(self) -> dict[str, str]:
        """Array → its file, for the index."""
        return {each.name: self.shards[each.shard].name for each in self.placed}


def arrays_of(module: Module) -> tuple[Array, ...]:
    """Return the arrays of a module, a plain tensor's being itself."""
    if module.scheme is None:
        return (Array("", module.dtype, module.shape, 0 if module.shape else None),)
    return module.scheme.arrays(*module.shape)


def lay_out(modules: Sequence[Module], shard_bytes: int, metadata: Mapping[str, str]) -> Shards:
    """Place every array."""
    groups = list(_groups(modules, shard_bytes))
    placed = [each for number, group in enumerate(groups) for each in _aligned(group, number)]
    names = [_name(number, len(groups)) for number in range(len(groups))]
    by_shard: list[list[Placed]] = [[] for _ in groups]
    for each in placed:
        by_shard[each.shard].append(each)
    shards = (_shard(name, inside, metadata) for name, inside in zip(names, by_shard, strict=True))
    return Shards(tuple(shards), tuple(placed))


def whole_layout(
    shards: Shards, folder: str, beside: Sequence[OutputFile], parts: Mapping[str, Sequence[Placed]], *, known: bool
) -> Layout:
    """Return the layout of a folder; with `known` false, its files have estimates for sizes."""
    files = [_file(shard, folder, known=known) for shard in shards.shards]
    found = {name: tuple(_part(each, shards, folder) for each in placed) for name, placed in parts.items()}
    return Layout((*files, *beside), found, shards.data_bytes)


def _groups(modules: Sequence[Module], most: int) -> Iterator[list[tuple[Module, Array]]]:
    """Yield what each shard holds."""
    group: list[tuple[Module, Array]] = []
    size = 0
    for module in modules:
        arrays = [(module, array) for array in arrays_of(module)]
        nbytes = sum(array.nbytes for _, array in arrays)
        if group and size + nbytes > most:
            yield group
            group, size = [], 0
        group += arrays
        size += nbytes
    yield group


def _aligned(group: Sequence[tuple[Module, Array]], shard: int) -> Iterator[Placed]:
    start = 0
    for module, array in sorted(group, key=lambda pair: -ITEM_BITS[pair[1].dtype]):
        yield Placed(module, array, shard, start)
        start += array.nbytes


def _name(number: int, count: int) -> str:
    return "model.safetensors" if count == 1 else f"model-{number + 1:05}-of-{count:05}.safetensors"


def _shard(name: str, placed: Sequence[Placed], metadata: Mapping[str, str]) -> Shard:
    entries = [Entry(p.name, p.array.dtype, p.array.shape, p.start, p.array.nbytes) for p in placed]
    header = encode_header(entries, {"format": "pt", **metadata})
    return Shard(name, header, sum(entry.nbytes for entry in entries))


def _file(shard: Shard, folder: str, *, known: bool) -> OutputFile:
    path = folder + shard.name
    if known:
        return OutputFile(path, shard.nbytes, len(shard.header))
    return OutputFile(path, None, None, estimate=shard.nbytes, why_estimate=WHY_ESTIMATE)


def _part(each: Placed, shards: Shards, folder: str) -> Part:
    shard = shards.shards[each.shard]
    offset = len(shard.header) + each.start
    return Part(each.name, each.array.dtype, each.array.shape, folder + shard.name, offset, each.array.nbytes)
