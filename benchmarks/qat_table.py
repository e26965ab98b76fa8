"""What rounding a QAT checkpoint anew costs, on the two models that come with qrecipe: bytes, weights, predictions.

    python -m benchmarks.qat_table [--llama-perplexity PATH] [--page FILE] [--threads N]

Prints Markdown; `--page` puts it into a page, between the lines `<!-- output -->` and `<!-- end -->`. Needs the extra
`eval`; llama.cpp's columns come with a llama-perplexity, on the path or named.

Bytes exact: every row's recipe is built once more with its Q4_0, TQ2_0 and Q8_0 on the grid of the training. Of the
bytes of the tensors that are certified there in every block, those count that are the same in the row's artifact.
Weights exact: of the weights of all quantized tensors, those that are the checkpoint's again when the decoded value (by
gguf-py, not by qrecipe) is rounded to BF16.
"""

from __future__ import annotations

import argparse
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import gguf
import numpy as np
from gguf.quants import dequantize

import qrecipe
from qrecipe.api.opening import open_checkpoint, open_model
from qrecipe.host.catalog import make_catalog
from qrecipe.types.evaluation import Measures

ROOT = Path(__file__).parents[1]
TEXT = ROOT / "training" / "text" / "held_out.txt"
FOUR_BITS, MOBILE = "bard-3m-qat-q4_0", "bard-3m-qat-mobile"
Variables = Mapping[str, str]
NONE: Variables = MappingProxyType({})
ON_THE_GRID: Mapping[str, Variables] = {
    FOUR_BITS: {"q4": "Q4_0(fit=lattice)"},
    MOBILE: {"q4": "Q4_0(fit=lattice)", "q2": "TQ2_0(scale=negative, fit=lattice)", "q8": "Q8_0(fit=lattice)"},
}
ANEW: Variables = {"q4": "Q4_0", "q2": "TQ2_0", "q8": "Q8_0"}
NOT_QUANTIZED = ("F32", "F16", "BF16")


@dataclass(frozen=True, slots=True)
class Row:
    """An artifact: a shipped recipe, some variables of it, and what the table calls that."""

    model: str
    title: str
    recipe: str
    set: Variables = field(default_factory=lambda: NONE)


ROWS = (
    Row(FOUR_BITS, "naive Q4_0", "bard-q4_0-naive"),
    Row(FOUR_BITS, "lattice Q4_0", "bard-q4_0-lattice"),
    Row(FOUR_BITS, "UD mix, rounded anew", "bard-ud-q4_k_xl", {"q4": "Q4_0"}),
    Row(FOUR_BITS, "UD mix", "bard-ud-q4_k_xl"),
    Row(FOUR_BITS, "UD mix, `proj=${q4}`", "bard-ud-q4_k_xl", {"proj": "${q4}"}),
    Row(MOBILE, "mobile mix, rounded anew", "bard-mobile-q2_k_xl", ANEW),
    Row(MOBILE, "mobile mix, 8 bits anew", "bard-mobile-q2_k_xl", {"q8": "Q8_0"}),
    Row(MOBILE, "mobile mix", "bard-mobile-q2_k_xl"),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be said of an artifact without running it: bytes of its tensors, two shares."""

    nbytes: int
    bytes_exact: float
    weights_exact: float

    def cells(self) -> str:
        """Return three columns of the table."""
        return f"{self.nbytes:,} | {percent(self.bytes_exact)} | {percent(self.weights_exact)}"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A row with its file and what is known of it."""

    row: Row
    path: Path
    facts: Facts


def main(words: list[str]) -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-perplexity", help="the tool; found on the path")
    parser.add_argument("--page", type=Path, help="a page to put the table into")
    parser.add_argument("--threads", type=int, help="workers; one a core by default")
    asked = parser.parse_args(words)
    tool = asked.llama_perplexity or shutil.which("llama-perplexity")
    with tempfile.TemporaryDirectory() as work:
        text = "\n".join(report(built(Path(work)), tool, asked.threads)) + "\n"
    sys.stdout.write(text)
    if asked.page is not None:
        page = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(put(page, text), encoding="utf-8")


def put(page: str, text: str) -> str:
    """Return the page with the text between its marks."""
    between = re.compile(r"(<!-- output -->\n).*(<!-- end -->\n)", re.DOTALL)
    return between.sub(lambda marks: marks[1] + text + marks[2], page)


def built(folder: Path) -> list[Artifact]:
    """Build every row and its twin on the grid, and compare the two."""
    found = []
    for number, row in enumerate(ROWS):
        path, _ = build(row, row.set, folder / f"{number}")
        twin, certified = build(row, {**row.set, **ON_THE_GRID[row.model]}, folder / f"{number}-grid")
        found.append(Artifact(row, path, Facts(*compared(row.model, path, twin, certified))))
    return found


def build(row: Row, variables: Variables, folder: Path) -> tuple[Path, frozenset[str]]:
    """Build, and return the file with the names of the tensors that are certified in every block."""
    folder.mkdir()
    (one,) = qrecipe.build(row.recipe, set=variables, output=folder).built
    whole = (name for name, counts in one.counts.items() if counts.certified == counts.blocks)
    return one.paths[0], frozenset(whole)


def compared(model: str, path: Path, twin: Path, certified: frozenset[str]) -> tuple[int, float, float]:
    """Return the bytes of the tensors, and the shares of exact bytes and exact weights."""
    source, _ = open_model(f"lib:{model}", ROOT, make_catalog())
    reference = {tensor.name: tensor for tensor in gguf.GGUFReader(twin).tensors}
    same_bytes, same_weights, total = [], [], 0
    for tensor in gguf.GGUFReader(path).tensors:
        total += int(tensor.n_bytes)
        if tensor.tensor_type.name in NOT_QUANTIZED:
            continue
        if tensor.name in certified:
            same_bytes.append((tensor.data == reference[tensor.name].data).ravel())
        stored = source.read(tensor.name, 0, source.tensors[tensor.name].nbytes)
        weights = dequantize(tensor.data, tensor.tensor_type).ravel()
        same_weights.append(bf16(weights) == widened(stored))
    return total, float(np.concatenate(same_bytes).mean()), float(np.concatenate(same_weights).mean())


def bf16(values: np.ndarray) -> np.ndarray:
    """Return the values rounded to BF16, as float32."""
    bits = values.view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view("<f4")


def widened(stored: bytes) -> np.ndarray:
    """Return BF16 numbers as float32; -0 equals 0 among these, which codes do not tell apart."""
    return (np.frombuffer(stored, "<u2").astype("<u4") << 16).view("<f4")


def report(artifacts: Sequence[Artifact], tool: str | None, threads: int | None) -> Iterator[str]:
    """Yield the lines."""
    yield "| | tensors, bytes | bytes exact | weights exact | mean KLD | 99.9 % KLD | same top | perplexity |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    notes, theirs = [], []
    for model in (FOUR_BITS, MOBILE):
        group = [artifact for artifact in artifacts if artifact.row.model == model]
        ours = qrecipe.EvalSettings(keep=False, threads=threads)
        results = measured(model, group, ours)
        stored = open_checkpoint(f"lib:{model}", ROOT, make_catalog()).tensors.values()
        size, source = sum(tensor.nbytes for tensor in stored), results[0].perplexity_source
        yield f"| **{model}**, BF16 | {size:,} | | | 0 | 0 | 100 % | {source.value:.3f} |"
        for artifact, found in zip(group, results, strict=True):
            yield f"| {artifact.row.title} | {artifact.facts.cells()} | {predictions(found)} |"
        notes.append(f"{model}: {results[0].positions:,} predictions")
        if tool is not None:
            by_tool = qrecipe.EvalSettings(engine="llama.cpp", llama_perplexity=tool, keep=False, threads=threads)
            for artifact, found in zip(group, measured(model, group, by_tool), strict=True):
                theirs.append(f"| {model}, {artifact.row.title} | {predictions(found)} |")
    if theirs:
        yield from ("", "The same artifacts by llama-perplexity:", "")
        yield from ("| | mean KLD | 99.9 % KLD | same top | perplexity |", "|---|--:|--:|--:|--:|", *theirs)
    yield from ("", f"{'; '.join(notes)}. {versions(tool)}.")


def measured(model: str, group: Sequence[Artifact], settings: qrecipe.EvalSettings) -> list[Measures]:
    """Return one result an artifact."""
    found = qrecipe.evaluate([artifact.path for artifact in group], f"lib:{model}", TEXT, settings)
    return [result.measures for result in found.results]


def predictions(found: Measures) -> str:
    """Return four columns of the table."""
    top = f"{found.same_top.value:.2%} ± {found.same_top.error * 100:.2f}".replace("%", " %")
    kld = f"{found.kld.value:.7f} ± {found.kld.error:.7f}"
    return f"{kld} | {found.kld_999.value:.6f} | {top} | {found.perplexity.value:.3f}"


def versions(tool: str | None) -> str:
    """Name what computed."""
    packages = ("qrecipe", "libggml-python", "gguf", "torch", "transformers")
    named = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    if tool is not None:
        run = subprocess.run([tool, "--version"], check=True, capture_output=True, text=True)
        said = re.search(r"version: (.+)", run.stdout + run.stderr)
        named.append(f"llama-perplexity {said[1] if said else 'of unknown version'}")
    return ", ".join(named)


def percent(share: float) -> str:
    """Return a share that only says 100 % where it is all."""
    return "100 %" if share == 1 else f"{min(share * 100, 99.99):.2f} %"


if __name__ == "__main__":
    main(sys.argv[1:])
