"""Breaks valid files a hundred thousand times and opens them; any answer but yes or a helpful no is a finding.

    python -m tests.fuzz.fuzz --inputs 100000 --seed 1 [--format gguf …] [--processes 2] [--save DIR] [--only gguf:17]

Prints a table, then the findings, and exits 1 if there are any. The same seed gives the same inputs; `--only` runs one
of them again, and `--save` keeps the files of those that were found. Workers have a cap on their address space, so an
allocation out of all proportion fails at once; a worker that dies or hangs in C is reported with the inputs it had.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from tests.fuzz.openers import one_catalog
from tests.fuzz.seeds import FORMATS, of_format
from tests.fuzz.trial import SECONDS, Trial, attempt, input_of, put

_CHUNK = 250
_ADDRESS_SPACE = 2 << 30  # more than the worker has when it starts
_KEPT = 20  # findings of a format that are printed


@dataclass
class Tally:
    """What came of the inputs of one format."""

    kind: str
    inputs: int = 0
    accepted: int = 0
    seconds: float = 0.0
    worst_time: tuple[float, int] = (0.0, -1)
    worst_memory: tuple[int, int, int] = (0, 0, -1)  # bytes, bytes of the files, number
    worst_ratio: float = 0.0
    findings: list[tuple[int, str]] = field(default_factory=list)

    def count(self, number: int, trial: Trial) -> None:
        self.inputs += 1
        self.accepted += trial.accepted
        self.seconds += trial.seconds
        self.worst_time = max(self.worst_time, (trial.seconds, number))
        self.worst_memory = max(self.worst_memory, (trial.peak, trial.size, number))
        if trial.finding:
            self.findings.append((number, trial.finding))

    def add(self, other: Tally) -> None:
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.seconds += other.seconds
        self.worst_time = max(self.worst_time, other.worst_time)
        self.worst_memory = max(self.worst_memory, other.worst_memory)
        self.findings += other.findings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the inputs and print the table; 1 if anything was found."""
    wanted = _arguments(arguments)
    if wanted.only:
        kind, _, number = wanted.only.partition(":")
        return _report([run(kind, wanted.seed, int(number), int(number) + 1)], wanted)
    start = time.monotonic()
    kinds = wanted.format or FORMATS
    tallies = _all(kinds, wanted)
    status = _report(tallies, wanted)
    print(f"{time.monotonic() - start:.0f} s with {wanted.processes} processes, seed {wanted.seed}")
    return status


def run(kind: str, seed: int, first: int, stop: int) -> Tally:
    """Try inputs `first` to `stop` of a format, in this process."""
    tally = Tally(kind)
    with one_catalog(), tempfile.TemporaryDirectory(dir=_memory_disk()) as place:
        folder = Path(place, "f")
        for chosen in of_format(kind):  # what is made once (parsers, catalogs) counts for no input
            attempt(kind, folder, chosen, chosen.files[chosen.victim])
        for number in range(first, stop):
            chosen, data = input_of(kind, seed, number)
            tally.count(number, attempt(kind, folder, chosen, data))
    return tally


def _run_guarded(kind: str, seed: int, first: int, stop: int) -> Tally:
    """Do the same in a worker, which ends with a traceback where the watchdog cannot stop it (a loop in C)."""
    faulthandler.dump_traceback_later(_CHUNK * SECONDS, exit=True, file=sys.__stderr__)
    try:
        return run(kind, seed, first, stop)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _all(kinds: Sequence[str], wanted: argparse.Namespace) -> list[Tally]:
    tallies = {kind: Tally(kind) for kind in kinds}
    with ProcessPoolExecutor(wanted.processes, get_context("spawn"), _confine) as pool:
        jobs = {
            pool.submit(_run_guarded, kind, wanted.seed, first, stop): (kind, first)
            for kind, first, stop in _chunks(kinds, wanted)
        }
        for job in as_completed(jobs):
            kind, first = jobs[job]
            try:
                tallies[kind].add(job.result())
            except BrokenProcessPool:
                tallies[kind].findings.append((first, f"a worker died among {_CHUNK} inputs from here on"))
    return list(tallies.values())


def _chunks(kinds: Sequence[str], wanted: argparse.Namespace) -> Iterator[tuple[str, int, int]]:
    each = -(-wanted.inputs // len(kinds))
    for first in range(0, each, _CHUNK):
        for kind in kinds:
            yield kind, first, min(first + _CHUNK, each)


def _confine() -> None:
    """Cap the worker's memory at what it has now and a good deal more."""
    now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = now + _ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


def _memory_disk() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - the files are small and many


def _report(tallies: Sequence[Tally], wanted: argparse.Namespace) -> int:
    print("| format | inputs | accepted | refused | findings | mean | worst time | worst memory |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for t in tallies:
        peak, size, number = t.worst_memory
        cells = (
            *(t.kind, f"{t.inputs:,}", f"{t.accepted:,}", f"{t.inputs - t.accepted - len(t.findings):,}"),
            *(f"{len(t.findings):,}", f"{1000 * t.seconds / max(t.inputs, 1):.1f} ms"),
            f"{1000 * t.worst_time[0]:.0f} ms (#{t.worst_time[1]})",
            f"{peak / 1e6:.2f} MB for {size / 1e3:.1f} kB (#{number})",
        )
        print(f"| {' | '.join(cells)} |")
    print(f"| all | {sum(t.inputs for t in tallies):,} | | | {sum(len(t.findings) for t in tallies):,} | | | |")
    for t in tallies:
        for number, finding in sorted(t.findings)[:_KEPT]:
            print(f"\n{t.kind}:{number}\n{finding}")
            _save(t.kind, number, wanted)
    return 1 if any(t.findings for t in tallies) else 0


def _save(kind: str, number: int, wanted: argparse.Namespace) -> None:
    if wanted.save:
        chosen, data = input_of(kind, wanted.seed, number)
        folder = Path(wanted.save, f"{kind}-{wanted.seed}-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        put(folder, {**chosen.files, chosen.victim: data})


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000, help="of all formats together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=FORMATS, nargs="*")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--save", help="a folder for the files of findings")
    parser.add_argument("--only", metavar="FORMAT:NUMBER", help="one input again")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
