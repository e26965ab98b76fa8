"""`SourceContract`: the promises of `qrecipe.types.source.Source` and `Checkpoint`, one test each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from qrecipe.errors import SourceError
from qrecipe.testing.contract import Contract, promise
from qrecipe.testing.values import is_phrase, promise_light, promise_picklable, threaded

if TYPE_CHECKING:
    from qrecipe.types.source import Checkpoint, Source, StoredTensor

_WIDTHS = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_ODD = ("", " ", ".", "..", "/", "\0", "a" * 5000, "no-such-scheme:x", "a/b\nc", "é", "x:", ":", "\ud800", "C:\\m", "~")


class SourceContract(Contract):
    """Subclass with `source = …` and a method `make`.

    Attributes:
        source: What is tried.
    """

    source: ClassVar[Source]

    def make(self, folder: Path) -> str:
        """Put a checkpoint with some weights where the source finds it; return its reference, relative to `folder`."""
        raise NotImplementedError

    def absent(self) -> str | None:
        """Return a reference of this source's form to a checkpoint that is not there; None where there can be none."""
        return None

    @pytest.fixture
    def reference(self, tmp_path: Path) -> str:
        """The reference of the checkpoint that was made."""
        return self.make(tmp_path)

    @pytest.fixture
    def checkpoint(self, reference: str, tmp_path: Path) -> Checkpoint:
        """The checkpoint, opened."""
        return self.source.open(reference, tmp_path)

    # References.

    def test_its_description_is_of_the_protocols_types(self) -> None:
        """A name and an example for messages."""
        promise(self.source.name and " " not in self.source.name, f"its name is {self.source.name!r}")
        promise(is_phrase(self.source.example), f"{self.source.name}: its example is {self.source.example!r}")

    def test_loading_it_loads_no_heavy_package(self) -> None:
        """Every plan asks every source."""
        promise_light(self.source, self.source.name, "open")

    def test_it_claims_its_own_references(self, reference: str, tmp_path: Path) -> None:
        """From names alone: the folder need not exist."""
        for each in (reference, self.source.example):
            for folder in (tmp_path, tmp_path / "nowhere"):
                claimed = self.source.claims(each, folder)
                promise(claimed is True, f"{self.source.name}: claims({each!r}) is {claimed!r}; it is its own form")

    @pytest.mark.parametrize("odd", _ODD, ids=range(len(_ODD)))
    def test_it_is_asked_about_any_text(self, odd: str, tmp_path: Path) -> None:
        """`claims` gives True or False and raises nothing; what is claimed opens or is refused in words."""
        claimed = self.source.claims(odd, tmp_path)
        promise(isinstance(claimed, bool), f"{self.source.name}: claims({odd[:40]!r}) is {claimed!r}")
        if claimed:
            try:
                self.source.open(odd, tmp_path)
            except SourceError as error:
                promise(error.diagnostics[0].fix, f"{self.source.name}: refuses {odd[:40]!r} without a fix")

    def test_it_leaves_other_schemes_alone(self, tmp_path: Path) -> None:
        """The first source that claims a reference opens it."""
        claimed = self.source.claims("no-such-scheme:x", tmp_path)
        promise(not claimed, f"{self.source.name} claims no-such-scheme:x, which is another source's form")

    def test_what_is_not_there_is_told(self, tmp_path: Path) -> None:
        """SourceError, with a fix."""
        absent = self.absent()
        if absent is None:
            pytest.skip("`absent` names no reference")
        with pytest.raises(SourceError) as caught:
            self.source.open(absent, tmp_path)
        promise(is_phrase(caught.value.diagnostics[0].fix), f"{self.source.name}: {absent} is refused without a fix")

    def test_what_it_calls_the_checkpoint_opens_it_again(self, checkpoint: Checkpoint, tmp_path: Path) -> None:
        """`Checkpoint.reference`, from any working folder."""
        other = tmp_path / "elsewhere"
        other.mkdir()
        promise(self.source.claims(checkpoint.reference, other), f"{self.source.name} does not claim its own reference")
        again = self.source.open(checkpoint.reference, other)
        same = again.header_digest == checkpoint.header_digest
        promise(same, f"{self.source.name}: {checkpoint.reference} opens something else from another folder")

    # Headers.

    def test_a_digest_identifies_the_headers(self, checkpoint: Checkpoint, reference: str, tmp_path: Path) -> None:
        """SHA-256, hexadecimal, the same every time."""
        digest = checkpoint.header_digest
        fine = len(digest) == 64 and set(digest) <= set("0123456789abcdef")
        promise(fine, f"{self.source.name}: header_digest is {digest!r}, no SHA-256 in hexadecimal")
        again = self.source.open(reference, tmp_path).header_digest
        promise(again == digest, f"{self.source.name}: one checkpoint has two header digests")

    def test_its_container_fits_its_metadata(self, checkpoint: Checkpoint) -> None:
        """Only GGUF files have metadata."""
        promise(checkpoint.container in ("gguf", "safetensors"), f"its container is {checkpoint.container!r}")
        fine = (checkpoint.metadata is not None) == (checkpoint.container == "gguf")
        promise(fine, f"{self.source.name}: a {checkpoint.container} with metadata {checkpoint.metadata is not None}")

    def test_every_tensor_lies_in_its_file(self, checkpoint: Checkpoint) -> None:
        """Behind the header, before the end, and over no other."""
        promise(checkpoint.tensors, f"{self.source.name}: the checkpoint that was made has no tensors")
        wrong = list(_misplaced(checkpoint))
        promise(not wrong, f"{self.source.name}: {'; '.join(wrong[:3])}")

    def test_sizes_are_those_of_shape_and_dtype(self, checkpoint: Checkpoint) -> None:
        """Row-major, padding not included."""
        for name, tensor in checkpoint.tensors.items():
            promise(tensor.name == name, f"{self.source.name}: tensor {name!r} calls itself {tensor.name!r}")
            if tensor.dtype in _WIDTHS:
                wanted = prod(tensor.shape) * _WIDTHS[tensor.dtype]
                words = f"{self.source.name}: {name}: {tensor.dtype} {list(tensor.shape)} takes {wanted} bytes, not "
                promise(tensor.nbytes == wanted, f"{words}{tensor.nbytes}")

    # Weights.

    def test_a_read_gives_the_bytes_of_the_file(self, checkpoint: Checkpoint) -> None:
        """Whole tensors, as they are stored."""
        for tensor in checkpoint.tensors.values():
            whole = checkpoint.read(tensor.name, 0, tensor.nbytes)
            promise(len(whole) == tensor.nbytes, f"{self.source.name}: {tensor.name} reads as {len(whole)} bytes")
            there = checkpoint.read_file(tensor.file, tensor.offset, tensor.nbytes)
            promise(whole == there, f"{self.source.name}: {tensor.name} is not what its file has at its offset")

    def test_a_part_is_a_part_of_the_whole(self, checkpoint: Checkpoint) -> None:
        """`size` bytes from byte `start` on."""
        for tensor in checkpoint.tensors.values():
            whole, half = checkpoint.read(tensor.name, 0, tensor.nbytes), tensor.nbytes // 2
            for start, size in ((0, half), (half, tensor.nbytes - half), (half, 0), (tensor.nbytes - 1, 1)):
                found = checkpoint.read(tensor.name, start, size)
                words = f"{self.source.name}: {tensor.name}: bytes {start} to {start + size} are not those of the whole"
                promise(found == whole[start : start + size], words)

    @pytest.mark.parametrize("where", ["before its start", "beyond its end", "far beyond", "of negative size"])
    def test_a_read_outside_a_tensor_is_refused(self, checkpoint: Checkpoint, where: str) -> None:
        """SourceError, not other tensors' bytes."""
        for tensor in checkpoint.tensors.values():
            start, size = {
                "before its start": (-1, 2),
                "beyond its end": (tensor.nbytes - 1, 2),
                "far beyond": (tensor.nbytes + 1000, 1),
                "of negative size": (0, -1),
            }[where]
            _promise_refused(self.source.name, f"a read of {tensor.name} {where}", checkpoint, tensor.name, start, size)

    def test_threads_read_what_one_reads(self, checkpoint: Checkpoint) -> None:
        """Safe to read from several threads at once."""
        tensors = list(checkpoint.tensors.values()) * 8
        serial = [_bytes_of(checkpoint, tensor) for tensor in tensors]
        same = threaded(lambda tensor: _bytes_of(checkpoint, tensor), tensors) == serial
        promise(same, f"{self.source.name}: several threads read other bytes")

    def test_a_checkpoint_travels_to_other_processes(self, checkpoint: Checkpoint) -> None:
        """A value, picklable, holding no handle."""
        copy = promise_picklable(checkpoint, f"a checkpoint of {self.source.name}")
        for tensor in checkpoint.tensors.values():
            same = _bytes_of(copy, tensor) == _bytes_of(checkpoint, tensor)
            promise(same, f"{self.source.name}: a checkpoint reads other bytes once it was pickled")

    def test_a_checkpoint_is_a_frozen_value(self, checkpoint: Checkpoint) -> None:
        """Threads share it."""
        try:
            checkpoint.reference = "changed"  # type: ignore[misc]
        except (AttributeError, TypeError):
            return
        promise(False, f"{self.source.name}: a checkpoint's attributes can be set")

    def test_a_file_that_became_shorter_is_told(self, checkpoint: Checkpoint, tmp_path: Path) -> None:
        """SourceError, never fewer bytes than were asked for."""
        files = [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size > 1]
        if not files:
            pytest.skip("the checkpoint lies elsewhere")
        for path in files:
            os.truncate(path, 1)
        for tensor in checkpoint.tensors.values():
            try:
                found = checkpoint.read(tensor.name, 0, tensor.nbytes)
            except SourceError:
                continue
            promise(len(found) == tensor.nbytes, f"{self.source.name}: a file became shorter, and reads give less")


def _bytes_of(checkpoint: Checkpoint, tensor: StoredTensor) -> bytes:
    return checkpoint.read(tensor.name, 0, tensor.nbytes)


def _promise_refused(source: str, what: str, checkpoint: Checkpoint, name: str, *where: int) -> None:
    try:
        found = checkpoint.read(name, *where)
    except SourceError:
        return
    except Exception as error:  # noqa: BLE001 - told in words
        promise(False, f"{source}: {what} raises {type(error).__name__}: {error}, not a SourceError")
        return
    promise(False, f"{source}: {what} gives {len(found)} bytes instead of a SourceError")


def _misplaced(checkpoint: Checkpoint) -> Iterator[str]:
    ends: dict[int, tuple[int, str]] = {}
    for tensor in sorted(checkpoint.tensors.values(), key=lambda each: (each.file, each.offset)):
        if not 0 <= tensor.file < len(checkpoint.files):
            yield f"{tensor.name} lies in file {tensor.file} of {len(checkpoint.files)}"
            continue
        file = checkpoint.files[tensor.file]
        end, before = ends.get(tensor.file, (file.header_bytes, "the header"))
        if tensor.offset < end:
            yield f"{tensor.name} begins in {before}"
        if tensor.offset + tensor.nbytes > file.nbytes:
            yield f"{tensor.name} ends behind {file.name}, which has {file.nbytes} bytes"
        ends[tensor.file] = tensor.offset + tensor.nbytes, tensor.name
