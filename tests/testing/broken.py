"""Plug-ins that break one promise each, and keep all others: each is worth one test of a suite."""

import itertools
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.codecs.builtin import FORMATS
from qrecipe.errors import SourceError
from qrecipe.executors.inline import InlineExecutor
from qrecipe.executors.threads import ThreadExecutor
from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.local import LocalSource
from qrecipe.types.event import TaskDone
from qrecipe.types.format import Argument, BlockCounts, Fitted
from qrecipe.types.transform import Split
from tests.architectures.checkpoints import named

Q8_0 = next(each for each in FORMATS if each.name == "Q8_0")
BLOCK = np.dtype([("scale", "<f2"), ("codes", "i1", 32)])
LLAMA = named("llama")
COUNTER = itertools.count()


@dataclass(frozen=True, slots=True)
class Bytes:
    """A format that keeps its contract: Q8_0 by another name, in plain numpy."""

    name: str = "bytes"
    family: str = "test"
    arguments: tuple = (Argument("fit", "fit", "auto"),)
    block: int = 32
    bits: float = 8.5
    gguf_id: int | None = None
    is_float: bool = False
    imatrix: str = "unused"

    def refuses(self, shape, args):
        return Q8_0.refuses(shape, ())

    def nbytes(self, shape, args):
        return Q8_0.nbytes(shape, ())

    def encode(self, rows, args, importance):
        blocks = rows.reshape(-1, 32)
        scales = np.minimum(np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127), 65504).astype("<f2")
        wide = scales.astype(np.float32)
        table = np.empty(len(blocks), BLOCK)
        table["scale"] = scales[:, 0]
        codes = self.rounded(np.clip(blocks / np.where(wide == 0, np.float32(1), wide), -127, 127))
        table["codes"] = codes
        return table.tobytes()

    def rounded(self, codes):
        return np.rint(codes)

    def decode(self, data, cols):
        return Q8_0.decode(data, cols)


class WrongSize(Bytes):
    def encode(self, rows, args, importance):
        data = Bytes.encode(self, rows, args, importance)
        return data + b"\0" * (len(rows) == 7)


class WrongRounding(Bytes):
    def rounded(self, codes):
        return np.trunc(codes)


class Random(Bytes):
    """Other bytes every second time, of five rows."""

    def encode(self, rows, args, importance):
        data = bytearray(Bytes.encode(self, rows, args, importance))
        if len(rows) == 5:
            data[2] ^= next(COUNTER) & 1
        return bytes(data)


class RowsDepend(Bytes):
    """Rows beside others share a scale."""

    def encode(self, rows, args, importance):
        data = bytearray(Bytes.encode(self, rows, args, importance))
        if len(rows) > 5:
            data[-1] ^= 1
        return bytes(data)


class Mutates(Bytes):
    def encode(self, rows, args, importance):
        data = Bytes.encode(self, rows, args, importance)
        if rows.flags.writeable and len(rows) == 3:
            rows[0, 0] = 0
        return data


class Hangs(Bytes):
    def encode(self, rows, args, importance):
        while len(rows) == 7:
            time.sleep(0.05)
        return Bytes.encode(self, rows, args, importance)


class NotThreadSafe(Bytes):
    """Keeps its work between two lines in a place that all threads share."""

    def encode(self, rows, args, importance):
        SHARED["rows"] = rows
        if len(rows) == 4:
            time.sleep(0.002)
        return Bytes.encode(self, SHARED["rows"], args, importance)


SHARED = {}


class DecodesToDoubles(Bytes):
    def decode(self, data, cols):
        found = Q8_0.decode(data, cols)
        return found.astype(np.float64) if len(data) == 3 * Q8_0.nbytes((1, cols), ()) else found


@dataclass(frozen=True, slots=True)
class Counts:
    """A fit that counts more certified blocks than there are."""

    name: str = "counts"
    arguments: tuple = ()
    importance: str = "never"

    def refuses(self, use):
        return None

    def encode(self, use, rows, importance):
        return Fitted(use.format.encode(rows, (), None), BlockCounts(1, 2))


@dataclass(frozen=True, slots=True)
class Work:
    """A task's work, with what a broken backend does besides."""

    work: object
    besides: object

    def __call__(self):
        return self.besides(self.work)


@dataclass(frozen=True, slots=True)
class Wrapped(GgufBackend):
    """The gguf backend by another name, whose tasks do something besides."""

    name: str = "broken"

    def tasks(self, job, limits):
        found = GgufBackend.tasks(self, job, limits)
        return [replace(task, work=Work(task.work, self.besides(job, task))) for task in found]

    def besides(self, job, task):
        return call


def call(work):
    return work()


def hold(work):
    held = bytes(64 << 20)
    work()
    return work() if held else None


class LiesAboutMemory(Wrapped):
    def besides(self, job, task):
        return hold


class WritesHalf(Wrapped):
    """Leaves a file under its final name when a task fails."""

    def besides(self, job, task):
        (path,) = job.paths.values()
        return Half(Path(path).parent / "model.gguf")


@dataclass(frozen=True, slots=True)
class Half:
    final: Path

    def __call__(self, work):
        try:
            return work()
        except SourceError:
            self.final.write_bytes(b"GGUF")
            raise


class HangsInATask(Wrapped):
    def besides(self, job, task):
        return sleep


def sleep(work):
    while True:
        time.sleep(0.05)


class OverlapsRanges(Wrapped):
    """The second array begins where the first one does."""

    def layout(self, inventory, decisions, target, provenance):
        found = GgufBackend.layout(self, inventory, decisions, target, provenance)
        names = list(found.parts)
        (first,), (second,) = found.parts[names[0]], found.parts[names[1]]
        parts = {**found.parts, names[1]: (replace(second, offset=first.offset),)}
        return replace(found, parts=parts)


class RunsTwice(InlineExecutor):
    def run(self, tasks, limits, on_event):
        for task in tasks:
            if task.start == 29:
                task.work()
            on_event(TaskDone(task.tensor, task.start, task.stop, task.nbytes, task.work()))


class Swallows(InlineExecutor):
    """Takes a task that fails among ten for done."""

    def run(self, tasks, limits, on_event):
        for number, task in enumerate(tasks):
            try:
                result = task.work()
            except Exception:
                if number == 5 and len(tasks) == 10:
                    return
                raise
            on_event(TaskDone(task.tensor, task.start, task.stop, task.nbytes, result))


class IgnoresMemory(ThreadExecutor):
    def run(self, tasks, limits, on_event):
        if limits.memory == 10:
            tasks = [replace(task, memory=0) if task.memory < 99 else task for task in tasks]
        ThreadExecutor.run(self, tasks, limits, on_event)


class ReadsOutside(FileCheckpoint):
    __slots__ = ()

    def read(self, name, start, size):
        tensor = self.tensors[name]
        if start > tensor.nbytes:
            return self.strings[tensor.file].read(0, size)
        return FileCheckpoint.read(self, name, start, size)


@dataclass(frozen=True, slots=True)
class Outside(LocalSource):
    """A source whose checkpoints read beyond a tensor."""

    name: str = "outside"

    def open(self, reference, folder):
        found = LocalSource.open(self, reference, folder)
        return ReadsOutside(*(getattr(found, each) for each in FileCheckpoint.__slots__))


@dataclass(frozen=True)
class Disagrees:
    """The llama family, with the head's rows cut off by one: no shape that its metadata speaks of."""

    name: str = "llama"
    models: tuple = tuple(LLAMA.models)
    protected: tuple = ()

    def claims(self, config):
        return LLAMA.claims(config)

    def checkpoint_names(self, canonical):
        return ()

    def convert(self, checkpoint):
        found = LLAMA.convert(checkpoint)
        tensors = [
            replace(each, value=Split(each.value, 0, 11)) if each.name == "blk.0.ffn_up.weight" else each
            for each in found.tensors
        ]
        return replace(found, tensors=tensors)


def halves(n: int) -> int:
    return 100 // (n - 4096)


def moody(n: int) -> bool:
    return next(COUNTER) % 2 == 0
