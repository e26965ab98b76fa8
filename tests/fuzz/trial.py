"""One broken file, opened under watch: what came of it, how long it took and how much memory it took at most.

A trial ends as `accepted`, `refused` (QrecipeError with words that help) or with a `Finding`: another exception, more
than SECONDS, more memory than `memory_allowed` grants a file of this size, words that are missing, endless or not fit
to print. Memory is what Python's allocators hand out, numpy's included (tracemalloc); Rust's and C's own is held by the
limit that the workers run under.
"""

from __future__ import annotations

import shutil
import signal
import time
import traceback
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from qrecipe.errors import QrecipeError
from tests.fuzz.mutate import broken
from tests.fuzz.openers import open_as
from tests.fuzz.seeds import Seed, of_format

SECONDS = 5.0  # wall clock on a machine that others use too; the table tells the worst
_LONGEST = 8_000  # characters of one message


@dataclass(frozen=True)
class Trial:
    """`finding` says what went wrong, '' if nothing did; `size` is that of all files together."""

    accepted: bool
    seconds: float
    peak: int
    size: int
    finding: str = ""


class TooSlowError(BaseException):
    """Raised by the watchdog in whatever is running."""


def memory_allowed(size: int) -> int:
    """Return the bytes that a file may take: a fixed part for what any run takes, and a multiple of its size."""
    return (2 << 20) + 100 * size


def input_of(kind: str, seed: int, number: int) -> tuple[Seed, bytes]:
    """Return the folder of input `number` and the bytes that stand in it for the victim's."""
    random = Random(f"{seed}/{kind}/{number}")
    seeds = of_format(kind)
    chosen, other = random.choice(seeds), random.choice(seeds)
    return chosen, broken(chosen.files[chosen.victim], kind, random, other.files[other.victim])


def attempt(kind: str, folder: Path, seed: Seed, data: bytes) -> Trial:
    """Open a seed's files, one of them broken, in an empty folder.

    What took too much memory starts anew, from an empty folder again: threads of a server here can fall on one moment,
    while what an input costs, it costs each time.
    """
    trial = _from_nothing(kind, folder, seed, data)
    if trial.finding.endswith(" bytes of input"):
        trial = _from_nothing(kind, folder, seed, data)
    if kind == "lock" and trial.accepted and data != seed.files[seed.victim]:
        return replace(trial, finding="a changed artifact passes for whole")
    return trial


def _from_nothing(kind: str, folder: Path, seed: Seed, data: bytes) -> Trial:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    put(folder, {**seed.files, seed.victim: data})
    return watched(kind, folder / seed.opened, sum(map(len, seed.files.values())) + len(data))


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, some of them in folders of one name."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def watched(kind: str, path: Path, size: int) -> Trial:
    """Open a file as one of a kind; `size` is what it may justify memory with."""
    accepted, finding = False, ""
    tracemalloc.start()
    start = time.perf_counter()
    try:
        with _watchdog():
            open_as(kind, path)
        accepted = True
    except QrecipeError as error:
        finding = _bad_words(error)
    except TooSlowError:
        finding = f"slower than {SECONDS} s: {traceback.format_exc(limit=-6)}"
    except Exception:  # noqa: BLE001 - that is what is looked for
        finding = traceback.format_exc(limit=-4)
    seconds = time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if not finding and peak > memory_allowed(size):
        finding = f"{peak} bytes of memory for {size} bytes of input"
    return Trial(accepted, seconds, peak, size, finding)


def _bad_words(error: QrecipeError) -> str:
    text = str(error)
    if not text.replace("\n", "").isprintable():
        return f"not fit to print: {text[:500]!r}"
    for diagnostic in error.diagnostics:
        if not (diagnostic.code and diagnostic.what and diagnostic.fix):
            return f"words are missing: {str(diagnostic)[:500]!r}"
        if len(str(diagnostic)) > _LONGEST:
            return f"a message of {len(str(diagnostic))} characters: {text[:300]!r}"
    return "" if error.diagnostics else "no words at all"


@contextmanager
def _watchdog() -> Iterator[None]:
    def stop(_signal: int, _frame: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
