"""An evaluation as tables, Markdown or JSON: a row an artifact, or where two engines ran, a column a way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from qrecipe.types.quantity import size

if TYPE_CHECKING:
    from qrecipe import Estimate, Evaluated, Evaluation, Measures

_COLUMNS = (
    ("artifact", "left"),
    ("size", "right"),
    ("mean KLD", "right"),
    ("median", "right"),
    ("99 %", "right"),
    ("99.9 %", "right"),
    ("same top", "right"),
    ("perplexity", "right"),
    ("source's", "right"),
)
_WAYS = (
    "transformers",
    "transformers, 16-bit reference",
    "llama.cpp, all in F32",
    "llama.cpp, weights as F32",
    "llama.cpp",
)
_CAUSES = (
    "column 1 to 2: the reference's log-probabilities go through 16 bits, as llama-perplexity stores them",
    "2 to 3: llama.cpp does the same work in float32; sums have another order, GELU comes from a table of float16",
    "3 to 4: llama.cpp computes attention and keeps its cache in 16 bits",
    "4 to 5: where weights are quantized, llama.cpp quantizes the activations that meet them",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One table; a column is (heading, "left" or "right")."""

    title: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        """Return it as Markdown: cells cannot break out of it."""
        head = "| " + " | ".join(heading for heading, _ in self.columns) + " |"
        line = "|" + "|".join("---:" if side == "right" else "---" for _, side in self.columns) + "|"
        rows = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in self.rows]
        notes = ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n".join([f"{self.title}:", "", head, line, *rows, *notes])


def tables_of(found: Evaluation) -> Iterator[Shown]:
    """Yield the tables for people."""
    place = f"{found.source} on {found.text}: {found.windows} windows of {found.window} tokens"
    ways = {each.way for each in found.results}
    if len(ways) == 1:
        positions = found.results[0].measures.positions if found.results else 0
        notes = (f"{positions} predictions; KLD in nats; ± is one standard error",)
        yield Shown(place, _COLUMNS, [_row(each) for each in found.results], notes)
        return
    for name in dict.fromkeys(each.artifact for each in found.results if not each.control):
        yield _compared(f"{name} against {place}", [each for each in found.results if each.artifact == name])
    controls = [each for each in found.results if each.control]
    yield _compared("control: the source in F32 against itself", controls, _CAUSES)


def document_of(found: Evaluation) -> dict[str, object]:
    """Return it as JSON has it."""
    from qrecipe.cli.document import finding

    return {
        "source": found.source,
        "text": found.text,
        "text_digest": found.text_digest,
        "window": found.window,
        "windows": found.windows,
        "bos": found.bos,
        "results": [_result(each) for each in found.results],
        "findings": [finding(each) for each in found.findings],
    }


def _result(each: Evaluated) -> dict[str, object]:
    return {
        "artifact": each.artifact,
        "bytes": each.nbytes,
        "way": each.way,
        "control": each.control,
        "measures": asdict(each.measures),
    }


def _row(each: Evaluated) -> tuple[str, ...]:
    measures = each.measures
    return (each.artifact, size(each.nbytes), *_told(measures), _estimate(measures.perplexity_source, 3))


def _told(measures: Measures) -> tuple[str, ...]:
    quantiles = (measures.kld_median, measures.kld_99, measures.kld_999)
    return (
        _estimate(measures.kld, 6),
        *(f"{quantile.value:.6f}" for quantile in quantiles),
        _estimate(measures.same_top, 3, 100, " %"),
        _estimate(measures.perplexity, 3),
    )


def _compared(title: str, results: Sequence[Evaluated], notes: Sequence[str] = ()) -> Shown:
    """Return a table of measures by way."""
    ordered = sorted(results, key=lambda each: _WAYS.index(each.way))
    headings = [heading for heading, _ in _COLUMNS[2:]]
    cells = [(*_told(each.measures), _estimate(each.measures.perplexity_source, 3)) for each in ordered]
    columns = (("measure", "left"), *((each.way, "right") for each in ordered))
    return Shown(title, columns, list(zip(headings, *cells, strict=True)), notes)


def _estimate(estimate: Estimate, digits: int, scale: float = 1, unit: str = "") -> str:
    return f"{scale * estimate.value:.{digits}f} ± {scale * estimate.error:.{digits}f}{unit}"
