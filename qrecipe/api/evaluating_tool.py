"""Engine two at work: llama-perplexity on GGUF files, which qrecipe builds where there is none.

The reference of a Hugging Face checkpoint is its conversion with every tensor in F32, so that the reference's
activations are not quantized. Where the engines are compared, an artifact is built with every tensor decoded to F32 as
well, and run with attention in float32, where llama.cpp and transformers do the same work, and as llama.cpp does by
default; from there the artifact itself differs by quantized activations alone.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.api.building import build
from qrecipe.errors import SourceError
from qrecipe.evaluation import faults
from qrecipe.evaluation.kept import written
from qrecipe.evaluation.perplexity_tool import FEWEST, FLOAT32, PerplexityTool, tokens_in
from qrecipe.types.evaluation import Measures, WindowDone, WindowsStarted

if TYPE_CHECKING:
    from qrecipe.api.evaluating_bench import Bench
    from qrecipe.evaluation.windows import Windows
    from qrecipe.types.source import Checkpoint

_WIDE = """\
qrecipe = 1
name = "wide"
requantize = true

[[rules]]
match = "**"
type = "{type}"
protected = true

[[targets]]
backend = "gguf"
output = "wide.gguf"
"""


@dataclass(frozen=True, slots=True)
class ToolRuns:
    """Runs of models by llama-perplexity."""

    bench: Bench
    tool: PerplexityTool

    def reference(self, tool: PerplexityTool | None = None) -> Path:
        """Return the file of the source's log-probabilities: a kept one, or written now."""
        used = tool or self.tool
        text = hashlib.sha256(self.bench.text.read_bytes()).hexdigest()
        facts = {"engine": used.digest, "source": self.bench.source_digest, "text": text, "words": used.words}
        path = self.bench.kept.path({**facts, "window": used.window, "windows": used.windows}, ".kld")
        if not path.is_file():
            with self._source() as model, written(path, 0) as unfinished:
                self._begin("source")
                used.store(model, self.bench.text, unfinished, self._window_done)
        windows, window = tokens_in(path).shape
        if (positions := windows * (window - 1 - window // 2)) < FEWEST:
            raise SourceError(faults.few_positions(positions, FEWEST))
        return path

    def measured(self, artifact: Checkpoint) -> Measures:
        """Return an artifact's measures."""
        with self._file(artifact) as model:
            return self._against(self.tool, model, Path(artifact.reference).name)

    def measured_wide(self, artifact: Checkpoint) -> tuple[Measures, Measures]:
        """Return those of the artifact with every tensor decoded to F32: with attention in float32, and as it is."""
        with self._built(artifact.reference) as model:
            return self._both(model, f"{Path(artifact.reference).name} as F32")

    def control(self) -> tuple[Measures, Measures]:
        """Measure the source against itself: with attention in float32, and as it is."""
        with self._source() as model:
            return self._both(model, "control")

    def first_other_token(self, windows: Windows) -> int | None:
        """Return where the tool's tokens first differ from these; None where they are the same."""
        theirs, ours = tokens_in(self.reference()).ravel(), windows.tokens.ravel()
        shared = min(len(theirs), len(ours))
        other = np.flatnonzero(theirs[:shared] != ours[:shared])
        if len(other):
            return int(other[0])
        return shared if len(theirs) != len(ours) else None

    def _both(self, model: Path, doing: str) -> tuple[Measures, Measures]:
        float32 = replace(self.tool, words=FLOAT32)
        return self._against(float32, model, f"{doing}, all in F32"), self._against(self.tool, model, doing)

    def _against(self, tool: PerplexityTool, model: Path, doing: str) -> Measures:
        reference = self.reference(tool)
        self._begin(doing, len(tokens_in(reference)))
        return tool.compare(model, reference, self._window_done)

    @contextmanager
    def _source(self) -> Iterator[Path]:
        source = self.bench.pair.source
        with self._file(source) if self.bench.pair.mapped is None else self._built(source.reference) as model:
            yield model

    @contextmanager
    def _file(self, checkpoint: Checkpoint) -> Iterator[Path]:
        """Give a GGUF's file, the first of several; a copy where it is in pieces, or in no folder of this machine."""
        path = Path(checkpoint.reference)
        if path.is_file() and path.stat().st_size == checkpoint.files[0].nbytes:
            yield path
            return
        with self._built(checkpoint.reference, "keep") as model:
            yield model

    @contextmanager
    def _built(self, reference: str, type_: str = "F32") -> Iterator[Path]:
        """Build a model's GGUF with every tensor of one type, which goes when it has been used."""
        with tempfile.TemporaryDirectory(prefix="unfinished-", dir=self.bench.kept.folder) as name:
            recipe = Path(name, "wide.toml")
            recipe.write_text(_WIDE.replace("{type}", type_) + self._pre(), encoding="utf-8")
            settings = self.bench.settings
            made = build(
                recipe, source=reference, output=name, threads=settings.workers, on_event=self.bench.tell, lock=False
            )
            yield made.built[0].paths[0]

    def _pre(self) -> str:
        """Return what a target needs where only the artifact knows how llama.cpp calls the pre-tokenizer."""
        mapped = self.bench.pair.mapped
        if mapped is None or any(entry.key == "tokenizer.ggml.pre" for entry in mapped.conversion.metadata):
            return ""
        metadata = next(iter(self.bench.pair.artifacts.values())).metadata or ()
        pre = next((entry.scalar() for entry in metadata if entry.key == "tokenizer.ggml.pre"), None)
        return "" if pre is None else f"pre = {json.dumps(pre)}\n"

    def _begin(self, doing: str, windows: int = 0) -> None:
        self.bench.tell(WindowsStarted(f"{doing}, llama.cpp", windows))

    def _window_done(self) -> None:
        self.bench.tell(WindowDone())
