"""Runs llama.cpp's llama-perplexity and reads what it prints: engine two.

A first run stores the reference's log-probabilities in a file, the others compare with it. Windows, positions and
measures are the tool's own. A batch is one window, so what it prints on stdout, window by window, is progress. Stdout
is a file: the tool's printing thread, which it does not wait for at its end, is fast enough then; with a pipe on busy
cores more than half of all runs with a tiny model ended without their statistics.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.errors import PluginError, SourceError
from qrecipe.evaluation import faults
from qrecipe.evaluation.windows import LEAST
from qrecipe.types.evaluation import Estimate, Measures, Quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOOL = "llama-perplexity"
FLOAT32 = ("-fa", "off", "-ctk", "f32", "-ctv", "f32")
"""Options with which attention and its cache are computed in float32; by default both are in 16 bits."""
FEWEST = 100  # positions of which it prints statistics
_HEADER = struct.Struct("<8siii")  # magic, window, vocabulary, windows
_LINES = {
    "perplexity": r"Mean PPL\(Q\) +: +(\S+) ± +(\S+)",
    "perplexity_source": r"Mean PPL\(base\) +: +(\S+) ± +(\S+)",
    "log_ratio": r"Mean ln\(PPL\(Q\)/PPL\(base\)\) +: +(\S+) ± +(\S+)",
    "kld": r"Mean +KLD: +(\S+) ± +(\S+)",
    "kld_max": r"Maximum KLD: +(\S+)",
    "kld_999": r"99\.9% +KLD: +(\S+)",
    "kld_99": r"99\.0% +KLD: +(\S+)",
    "kld_median": r"Median +KLD: +(\S+)",
    "rms_change": r"RMS Δp +: +(\S+) ± +(\S+) %",
    "same_top": r"Same top p: +(\S+) ± +(\S+) %",
}
_FEW_TOKENS = re.compile(r"tokenizes to only (\d+) tokens")
_WINDOW = re.compile(r"\[\d+\][^,\s]+,|^ *\d+ +\S+ ± .*%\n", re.MULTILINE)
_ERROR = re.compile(r"error|fail", re.IGNORECASE)
_LAST_WORDS = 3  # lines of a failure that are told
_ATTEMPTS = 8  # it may end before the thread that prints has printed all (b11434)
_LOOK = 0.1  # seconds between looks at what it has printed


@dataclass(frozen=True, slots=True)
class PerplexityTool:
    """The program, and how it is run.

    Attributes:
        path: Where it is.
        window: Tokens of a window.
        windows: How many are read at most; None for all of the text.
        threads: Its workers.
        words: More options.
    """

    path: Path
    window: int
    windows: int | None
    threads: int
    words: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the program, hexadecimal: its version, for what is kept."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def store(self, model: Path, text: Path, reference: Path, tell: Callable[[], None]) -> None:
        """Write a model's log-probabilities on a text to `reference`; `tell` is called for every window."""
        _, talk = self._run(model, ("-f", str(text), "--kl-divergence-base", str(reference)), tell)
        try:
            whole = reference.stat().st_size == _size(reference)
        except (OSError, ValueError):
            if few := _FEW_TOKENS.search(talk):
                raise SourceError(faults.text_short(str(text), int(few[1]), self.window, LEAST)) from None
            raise self._failed(model, _last_words(talk)) from None
        if not whole:
            raise self._failed(model, f"{reference.name} was not written to its end; the disk may be full")

    def compare(self, model: Path, reference: Path, tell: Callable[[], None]) -> Measures:
        """Return a model's measures against what `store` wrote."""
        windows, window = tokens_in(reference).shape
        why = ""
        for _ in range(_ATTEMPTS):
            said, talk = self._run(model, ("--kl-divergence-base", str(reference), "--kl-divergence"), tell)
            try:
                measures = measures_in(said, windows * (window - 1 - window // 2))
            except ValueError as error:
                why = _last_words(talk) or str(error)
            else:
                if not math.isfinite(measures.kld.value):
                    raise SourceError(faults.no_predictions(str(model)))
                return measures
            if _ERROR.search(talk):
                break
            tell = _nobody
        raise self._failed(model, why)

    def _run(self, model: Path, words: tuple[str, ...], tell: Callable[[], None]) -> tuple[str, str]:
        """Run, and return what it wrote on stdout and on stderr."""
        sizes = {"-c": self.window, "-b": self.window, "--chunks": self.windows or -1, "-t": self.threads}
        line = [
            str(self.path),
            "-m",
            str(model),
            *words,
            *(str(word) for pair in sizes.items() for word in pair),
            *self.words,
        ]
        with tempfile.TemporaryFile() as talk:
            done, said = _followed(line, talk.fileno(), tell)
            talk.seek(0)
            told = talk.read().decode(errors="replace")
        if done:
            raise self._failed(model, _last_words(told) or f"it ended with {done}")
        return said, told

    def _failed(self, model: Path, why: str) -> SourceError:
        return SourceError(faults.tool_failed(str(self.path), str(model), why))


def find_tool(named: str | Path | None) -> Path:
    """Return where llama-perplexity is; PluginError where it is not."""
    found = shutil.which(str(named or TOOL))
    if found is None:
        raise PluginError(faults.tool_missing(None if named is None else str(named)))
    return Path(found).resolve()


def tokens_in(reference: Path) -> NDArray[np.int32]:
    """Return the tokens of a stored reference, [windows, window].

    Raises:
        ValueError: It is no such file.
    """
    with reference.open("rb") as file:
        window, _, windows = _header(file.read(_HEADER.size))
        tokens = np.frombuffer(file.read(4 * window * windows), "<i4")
    return tokens.reshape(windows, window)


def _header(head: bytes) -> tuple[int, int, int]:
    """Return window, vocabulary and windows."""
    if len(head) < _HEADER.size or head[:8] != b"_logits_":
        raise ValueError("no file of log-probabilities")
    _, window, vocabulary, windows = _HEADER.unpack(head)
    return window, vocabulary, windows


def _size(reference: Path) -> int:
    """Return how many bytes a whole reference has: after the tokens, 16 bits for each of the vocabulary and 4 more."""
    with reference.open("rb") as file:
        window, vocabulary, windows = _header(file.read(_HEADER.size))
    predictions = windows * (window - 1 - window // 2)
    return _HEADER.size + 4 * window * windows + predictions * 2 * (2 * ((vocabulary + 1) // 2) + 4)


def measures_in(said: str, positions: int) -> Measures:
    """Return the measures that the tool printed.

    Raises:
        ValueError: One of them is not there.
    """
    found: dict[str, tuple[float, ...]] = {}
    for name, pattern in _LINES.items():
        if (match := re.search(pattern, said)) is None:
            raise ValueError(f"it did not print {name.replace('_', ' ')}")
        scale = 0.01 if pattern.endswith("%") else 1.0
        value, *errors = (scale * float(number) for number in match.groups())
        # the root of a variance that rounding has put below 0, or 0 divided by a mean of 0
        found[name] = (value, *(0.0 if math.isnan(error) else error for error in errors))
    return Measures(
        positions=positions,
        kld=Estimate(*found["kld"]),
        kld_median=Quantile(*found["kld_median"]),
        kld_99=Quantile(*found["kld_99"]),
        kld_999=Quantile(*found["kld_999"]),
        kld_max=found["kld_max"][0],
        same_top=Estimate(*found["same_top"]),
        perplexity=Estimate(*found["perplexity"]),
        perplexity_source=Estimate(*found["perplexity_source"]),
        log_ratio=Estimate(*found["log_ratio"]),
        rms_change=Estimate(*found["rms_change"]),
    )


def _nobody() -> None:
    """Hear nothing: the windows of another attempt are no progress."""


def _last_words(talk: str) -> str:
    """Return what a failure says of itself, else its last lines."""
    lines = talk.strip().splitlines()
    return " / ".join([line for line in lines if _ERROR.search(line)][:_LAST_WORDS] or lines[-_LAST_WORDS:])


def _followed(line: list[str], talk: int, tell: Callable[[], None]) -> tuple[int, str]:
    """Run, and call `tell` for every window that is printed; return how it ended, and stdout."""
    told = 0
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=said.fileno(), stderr=talk) as process,  # noqa: S603
    ):
        try:
            running = True
            while running:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK)
                    running = False
                printed = os.pread(said.fileno(), os.fstat(said.fileno()).st_size, 0).decode(errors="replace")
                count = len(_WINDOW.findall(printed))
                for _ in range(count - told):
                    tell()
                told = max(count, told)
        except BaseException:
            process.kill()
            raise
    return process.returncode, printed
