"""Measures artifacts against their source on a text: by transformers, by llama-perplexity, or by both.

What can be refused is refused before a weight is read: the extra or the tool that is missing, artifacts of another
model, a text that is too short. References are kept (`evaluation/kept.py`), so the next artifact costs one run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.evaluating_bench import Bench, EvalSettings, Tell
from qrecipe.api.evaluating_pair import Pair, digest_of, is_folder, open_pair
from qrecipe.api.evaluating_tool import ToolRuns
from qrecipe.api.evaluating_torch import TorchRuns
from qrecipe.api.fetching import fetch_weights
from qrecipe.errors import SourceError
from qrecipe.evaluation import faults
from qrecipe.evaluation.kept import kept_in
from qrecipe.evaluation.perplexity_tool import PerplexityTool, find_tool, tokens_in
from qrecipe.evaluation.text import bos_of, read_text, tokens_of
from qrecipe.evaluation.transformers_model import require
from qrecipe.evaluation.windows import LEAST, Windows, cut
from qrecipe.host.catalog import make_catalog
from qrecipe.types.evaluation import Evaluated, Evaluation, EvaluationEvent, Measures, TensorCosts, Way
from qrecipe.types.event import Event

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic
    from qrecipe.host.catalog import Catalog
    from qrecipe.types.source import Checkpoint


def evaluate(
    artifacts: Sequence[str | Path],
    source: str | Path,
    text: str | Path,
    settings: EvalSettings | None = None,
    on_event: Callable[[Event | EvaluationEvent], None] | None = None,
) -> Evaluation:
    """Measure artifacts against their source on a text.

    Args:
        artifacts: GGUF files.
        source: The checkpoint that they were made from; a GGUF file only with engine `llama.cpp`.
        text: A file of plain text in UTF-8.
        settings: How; by default by transformers, on all windows of 512 tokens.
        on_event: Called with every event, from this thread.

    Raises:
        QrecipeError: Artifacts and source do not belong together, the text is too short, or an engine is missing.
    """
    it = _prepared(artifacts, source, text, settings or EvalSettings())
    with _opened(it, on_event or (lambda _: None)) as engines:
        return engines.evaluation(list(engines.results()))


def evaluate_tensors(
    artifact: str | Path,
    source: str | Path,
    text: str | Path,
    settings: EvalSettings | None = None,
    on_event: Callable[[Event | EvaluationEvent], None] | None = None,
) -> TensorCosts:
    """Measure what the quantization of each tensor alone costs, all others being the source's.

    The model runs once more for each tensor whose weights are not the source's.

    Args:
        artifact: A GGUF file, or a folder that a folder backend built.
        source: The checkpoint that it was made from.
        text: A file of plain text in UTF-8.
        settings: How; the engine is transformers, whatever they say.
        on_event: Called with every event, from this thread.

    Raises:
        QrecipeError: As `evaluate`.
    """
    it = _prepared([artifact], source, text, replace(settings or EvalSettings(), engine="transformers"))
    with _opened(it, on_event or (lambda _: None)) as engines:
        whole = engines.evaluation(list(engines.results()))
        opened = next(iter(it.pair.artifacts.values()))
        return TensorCosts(whole, () if engines.torch is None else tuple(engines.torch.costs(opened)))


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What has been opened and checked; `windows` where transformers takes part, `tool` where llama.cpp does."""

    pair: Pair
    text: Path
    settings: EvalSettings
    catalog: Catalog
    windows: Windows | None
    tool: PerplexityTool | None


def _prepared(
    artifacts: Sequence[str | Path], source: str | Path, text: str | Path, settings: EvalSettings
) -> _Prepared:
    catalog, path, tool = make_catalog(), Path(text), None
    words = read_text(path)
    pair = open_pair([str(artifact) for artifact in artifacts], str(source), catalog)
    windows = None if settings.engine == "llama.cpp" else _windows(words, pair, path, settings)
    if settings.engine != "transformers":
        if folders := [name for name, artifact in pair.artifacts.items() if is_folder(artifact)]:
            raise SourceError(faults.folder_by_llama(folders[0], settings.engine))
        program = find_tool(settings.llama_perplexity)
        tool = PerplexityTool(program, settings.window, settings.windows, settings.workers)
    if settings.engine != "llama.cpp":
        require()
    return _Prepared(pair, path, settings, catalog, windows, tool)


def _windows(words: str, pair: Pair, path: Path, settings: EvalSettings) -> Windows:
    if pair.mapped is None:
        raise SourceError(faults.gguf_source(pair.named))
    bos = bos_of(next(iter(pair.artifacts.values())).metadata or ())
    tokens = tokens_of(words, pair.source.folder, pair.named, bos)
    if len(tokens) < LEAST * settings.window:
        raise SourceError(faults.text_short(str(path), len(tokens), settings.window, LEAST))
    return cut(tokens, settings.window, bos, settings.windows)


@contextmanager
def _opened(it: _Prepared, tell: Tell) -> Iterator[_Engines]:
    """Bring the weights here, and make the engines that were asked for."""
    original = it.pair.source if it.pair.mapped is None else it.pair.mapped.original
    fetch_weights(original, it.catalog, tell)
    with kept_in(it.settings.folder) as kept:
        bench = Bench(it.pair, digest_of(it.pair.source), it.text, it.settings, kept, it.catalog, tell)
        torch = tool = None
        if it.pair.mapped is not None and it.windows is not None:
            torch = TorchRuns(bench, it.pair.mapped, it.windows)
        if it.tool is not None:
            tool = ToolRuns(bench, it.tool)
        yield _Engines(bench, torch, tool)


@dataclass(frozen=True, slots=True)
class _Engines:
    """The engines that were asked for; what stands between them is measured where there are both."""

    bench: Bench
    torch: TorchRuns | None
    tool: ToolRuns | None

    def results(self) -> Iterator[Evaluated]:
        """Yield every artifact's measures, then the source's against itself where both engines run."""
        for name, artifact in self.bench.pair.artifacts.items():
            yield from self._by_torch(name, artifact)
            yield from self._by_tool(name, artifact)
        if self.torch is not None and self.tool is not None:
            exact, stored = self.torch.control()
            name = self.bench.pair.named
            yield self._result(name, "transformers", exact, control=True)
            yield self._result(name, "transformers, 16-bit reference", stored, control=True)
            float32, wide = self.tool.control()
            yield self._result(name, "llama.cpp, all in F32", float32, control=True)
            yield self._result(name, "llama.cpp, weights as F32", wide, control=True)

    def evaluation(self, results: list[Evaluated]) -> Evaluation:
        """Put results together with what they were measured on."""
        windows, window = self._shape()
        content = self.bench.text.read_bytes()
        metadata = next(iter(self.bench.pair.artifacts.values())).metadata or ()
        return Evaluation(
            source=self.bench.pair.named,
            text=str(self.bench.text),
            text_digest=hashlib.sha256(content).hexdigest(),
            window=window,
            windows=windows,
            bos=bos_of(metadata) is not None,
            results=tuple(results),
            findings=(*self.bench.pair.findings, *self._disagreement()),
        )

    def _by_torch(self, name: str, artifact: Checkpoint) -> Iterator[Evaluated]:
        if self.torch is None:
            return
        exact, stored = self.torch.measured(artifact)
        yield self._result(name, "transformers", exact)
        if self.tool is not None:
            yield self._result(name, "transformers, 16-bit reference", stored)

    def _by_tool(self, name: str, artifact: Checkpoint) -> Iterator[Evaluated]:
        if self.tool is None:
            return
        if self.torch is not None:
            float32, wide = self.tool.measured_wide(artifact)
            yield self._result(name, "llama.cpp, all in F32", float32)
            yield self._result(name, "llama.cpp, weights as F32", wide)
        yield self._result(name, "llama.cpp", self.tool.measured(artifact))

    def _result(self, name: str, way: Way, measures: Measures, *, control: bool = False) -> Evaluated:
        pair = self.bench.pair
        files = (pair.source if control else pair.artifacts[name]).files
        return Evaluated(name, sum(file.nbytes for file in files), way, control, measures)

    def _shape(self) -> tuple[int, int]:
        if self.torch is not None:
            return len(self.torch.windows.tokens), self.torch.windows.size
        windows, window = tokens_in(self.tool.reference()).shape if self.tool is not None else (0, 0)
        return windows, window

    def _disagreement(self) -> Iterator[Diagnostic]:
        if self.torch is None or self.tool is None:
            return
        other = self.tool.first_other_token(self.torch.windows)
        if other is not None:
            yield faults.tokens_differ(other)
