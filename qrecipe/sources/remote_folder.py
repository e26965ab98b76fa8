"""A checkpoint in a folder that is not on this machine, opened by the same readers as a local one.

What differs is how bytes come: a `RemoteFolder` says which files there are, hands out each as a `Part`, and copies
small ones (config, tokenizer, model card) to this machine, where they are read as ever. Names are those of the folder's
own list; nothing that a file says becomes a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from qrecipe.sources.byte_string import ByteString, Part
from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.choice import PICKLES, listed, only_candidate, pickle
from qrecipe.sources.fault import Place, counted, fault
from qrecipe.sources.gguf import open_gguf
from qrecipe.sources.gguf_header import MAGIC
from qrecipe.sources.gguf_split import parts_beside
from qrecipe.sources.prefix import Prefix
from qrecipe.sources.safetensors import INDEX_SUFFIX, SUFFIX, Index, open_safetensors, read_index

SMALL_MOST = 128 << 20  # bytes: the largest tokenizers have a third of it
BESIDE = (
    "README.md", "added_tokens.json", "chat_template.jinja", "chat_template.json", "config.json",
    "generation_config.json", "merges.txt", "preprocessor_config.json", "special_tokens_map.json", "tokenizer.json",
    "tokenizer.model", "tokenizer_config.json", "vocab.json", "vocab.txt",
)  # fmt: skip
"""The usual names of small files beside weights."""
_SMALL = (".json", ".jinja", ".model", ".tiktoken")
_TEMPLATES = "additional_chat_templates/"
_SMALL_FILES_MOST = 64


class RemoteFolder(Protocol):
    """A folder elsewhere."""

    @property
    def name(self) -> str:
        """What opens the folder again, without a slash at its end."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Its files by name, `/` in names of those in folders within, with their sizes."""

    def part(self, name: str) -> Part:
        """Return one of its files, unread."""

    def copies(self, names: Sequence[str]) -> Path:
        """Return a local folder that holds copies of these files under their names; SourceError where that fails."""

    def kept(self, name: str) -> bytes:
        """Return what `keep` was given for a file; b"" where there is nothing."""

    def keep(self, name: str, start: bytes) -> None:
        """Keep the beginning of a file for the next time."""


def open_remote(remote: RemoteFolder, name: str = "") -> FileCheckpoint:
    """Open the checkpoint in a folder, or one of its files."""
    opened = _Opening(remote)
    reference = remote.name + (f"/{name}" if name else "")
    checkpoint = opened.checkpoint(name or opened.candidate(), reference)
    return replace(checkpoint, strings=opened.unwrapped(checkpoint.strings))


class _Opening:
    """A remote checkpoint while its headers are read."""

    def __init__(self, remote: RemoteFolder) -> None:
        self._remote = remote
        self._prefixes: dict[str, Prefix] = {}

    def candidate(self) -> str:
        """Return the one file that stands for the folder's checkpoint."""
        names = sorted(name for name in self._remote.sizes if "/" not in name)
        place = Place(self._remote.name)
        return only_candidate(
            names, place, lambda index: self._index(index).weight_map.values(), lambda n: f"{self._remote.name}/{n}"
        )

    def checkpoint(self, name: str, reference: str) -> FileCheckpoint:
        """Open a file by its kind, which its name says: a header costs a request."""
        if name.endswith(INDEX_SUFFIX):
            index = self._index(name)
            return open_safetensors(self._strings(self._shards(index)), reference, index, self._copies())
        if name.endswith(SUFFIX):
            return open_safetensors([self._string(name)], reference, folder=self._copies())
        if name.endswith(".gguf") or self._string(name).read(0, min(len(MAGIC), self._remote.sizes[name])) == MAGIC:
            return open_gguf(self._string(name), reference, lambda _, count: self._split(name, count))
        place = Place(f"{self._remote.name}/{name}")
        if name.endswith(PICKLES):
            raise pickle(place, [name])
        why = "it neither begins as a GGUF file nor ends in .gguf, .safetensors or .safetensors.index.json"
        fix = "name a GGUF or safetensors file, or a folder that holds one"
        raise fault("source-unknown-kind", place, f"{name} is no known kind of checkpoint", why=why, fix=fix)

    def unwrapped(self, strings: Sequence[ByteString]) -> tuple[ByteString, ...]:
        """Return the strings without what was held of them, which is kept for the next time."""
        for name, prefix in self._prefixes.items():
            if (grown := prefix.grown) is not None:
                self._remote.keep(name, grown)
        return tuple(ByteString(s.name, tuple(map(_unwrapped, s.parts))) for s in strings)

    def _string(self, name: str) -> ByteString:
        if name not in self._prefixes:
            self._prefixes[name] = Prefix(self._remote.part(name), self._remote.kept(name))
        return ByteString(f"{self._remote.name}/{name}", (self._prefixes[name],))

    def _strings(self, names: Iterable[str]) -> list[ByteString]:
        return [self._string(name) for name in names]

    def _index(self, name: str) -> Index:
        index = read_index(self._remote.copies((name,)) / name)
        return replace(index, place=Place(f"{self._remote.name}/{name}"))

    def _shards(self, index: Index) -> list[str]:
        folder = index.place.file.removeprefix(f"{self._remote.name}/").rpartition("/")
        shards = [folder[0] + folder[1] + shard for shard in sorted(set(index.weight_map.values()))]
        if missing := [shard for shard in shards if shard not in self._remote.sizes]:
            what = f"of the index's {counted(len(shards), 'file')}, these are missing: {listed(missing)}"
            fix = "name a revision that is whole, or tell those who published it"
            raise fault("safetensors-incomplete", index.place, what, fix=fix)
        return shards

    def _split(self, name: str, count: int) -> list[ByteString]:
        there = self._remote.sizes
        paths = parts_beside(Path(name), count, lambda path: path.as_posix() in there)
        return self._strings(path.as_posix() for path in paths)

    def _copies(self) -> Path:
        """Copy what a converter reads beside the weights."""
        small = [name for name, size in sorted(self._remote.sizes.items()) if _is_small(name) and size <= SMALL_MOST]
        return self._remote.copies(small[:_SMALL_FILES_MOST])


def _unwrapped(part: Part) -> Part:
    return part.part if isinstance(part, Prefix) else part


def _is_small(name: str) -> bool:
    """Say whether this is one of the small files beside the weights."""
    if name.startswith(_TEMPLATES):
        return name.endswith(".jinja") and name.count("/") == 1
    return "/" not in name and (name in BESIDE or name.endswith(_SMALL)) and not name.endswith(INDEX_SUFFIX)
