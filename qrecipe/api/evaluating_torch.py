"""Engine one at work: the source's logits once, then each artifact's against them, window by window."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.api.evaluating_pair import own_name, stored_as
from qrecipe.api.evaluating_weights import Weights
from qrecipe.errors import SourceError
from qrecipe.evaluation import faults
from qrecipe.evaluation.divergence import EXACT, Reference, Scores, compare, joined
from qrecipe.evaluation.kept import logits_in, written
from qrecipe.evaluation.statistics import measures_of
from qrecipe.evaluation.stored import STORED
from qrecipe.evaluation.transformers_model import TextModel, make_model, require
from qrecipe.types.evaluation import Measures, TensorCost, WindowDone, WindowsStarted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.api.evaluating_bench import Bench
    from qrecipe.evaluation.windows import Windows
    from qrecipe.sources.mapped import MappedCheckpoint
    from qrecipe.types.format import FloatArray
    from qrecipe.types.source import Checkpoint


@dataclass(frozen=True, slots=True)
class TorchRuns:
    """Runs of models by transformers.

    Attributes:
        bench: What both engines share.
        source: Of the bench, with its transforms.
        windows: The text.
    """

    bench: Bench
    source: MappedCheckpoint
    windows: Windows

    @property
    def weights(self) -> Weights:
        """Where weights come from."""
        return Weights(self.source, self.bench.catalog)

    def measured(self, artifact: Checkpoint) -> tuple[Measures, Measures]:
        """Return an artifact's measures, and those against a reference as llama-perplexity stores it."""
        reference = self._reference()
        return self._against(reference, self._model(self.weights.of(artifact)), own_name(artifact))

    def control(self) -> tuple[Measures, Measures]:
        """Measure the source against itself: its tensors converted, put back, and run like an artifact's."""
        reference = self._reference()
        return self._against(reference, self._model(self.weights.of(self.source)), "control")

    def costs(self, artifact: Checkpoint) -> Iterator[TensorCost]:
        """Yield what each of an artifact's tensors costs alone, in the artifact's order."""
        reference, originals = self._reference(), self.weights.originals()
        known = [tensor for name, tensor in artifact.tensors.items() if name in self.source.transforms]
        for number, tensor in enumerate(known, 1):
            measures = None
            if not self.weights.same(tensor.name, artifact):
                model = self._model({**originals, **self.weights.with_one(tensor.name, artifact)})
                measures = self._against(reference, model, f"{tensor.name}, tensor {number} of {len(known)}")[0]
            yield TensorCost(tensor.name, *stored_as(artifact, tensor.name), prod(tensor.shape), measures)

    def _model(self, weights: Mapping[str, FloatArray]) -> TextModel:
        folder = self.source.folder or Path()
        return make_model(folder, self.bench.pair.named, weights, self.bench.settings.workers)

    def _reference(self) -> NDArray[np.float32]:
        """Return the source's logits, [positions, vocabulary]: kept ones, or computed now."""
        vocabulary = self.source.tensors["token_embd.weight"].shape[0]
        shape = (len(self.windows.tokens) * self.windows.scored, vocabulary)
        path = self.bench.kept.path(self._facts(), ".logits")
        if not path.is_file():
            with written(path, 4 * shape[0] * shape[1]) as unfinished:
                model = self._model(self.weights.originals())
                logits = logits_in(unfinished, shape, write=True)
                for window, span in self._spans("source, transformers"):
                    logits[span] = self._logits(model, window, self.bench.pair.named)
                del logits
        return logits_in(path, shape)

    def _facts(self) -> dict[str, object]:
        tokens = hashlib.sha256(self.windows.tokens.astype("<i4").tobytes()).hexdigest()
        sizes = {"shape": self.windows.tokens.shape, "bos": self.windows.bos, "tokens": tokens}
        return {"engine": require(), "source": self.bench.source_digest, **sizes}

    def _against(self, reference: NDArray[np.float32], model: TextModel, doing: str) -> tuple[Measures, Measures]:
        ways: tuple[Reference, ...] = (EXACT, STORED) if self.bench.settings.engine == "both" else (EXACT,)
        scores: list[list[Scores]] = [[] for _ in ways]
        for window, span in self._spans(f"{doing}, transformers"):
            logits = self._logits(model, window, doing)
            for way, found in zip(ways, scores, strict=True):
                found.append(compare(reference[span], logits, self.windows.targets(window), way))
        measures = [measures_of(joined(found)) for found in scores]
        return measures[0], measures[-1]

    def _logits(self, model: TextModel, window: int, of: str) -> FloatArray:
        logits = model.logits(self.windows, window)
        if not np.isfinite(logits).all():
            raise SourceError(faults.no_predictions(of))
        return logits

    def _spans(self, doing: str) -> Iterator[tuple[int, slice]]:
        """Yield each window with its positions in the reference, and tell when it is done."""
        count, scored = len(self.windows.tokens), self.windows.scored
        self.bench.tell(WindowsStarted(doing, count))
        for window in range(count):
            yield window, slice(window * scored, (window + 1) * scored)
            self.bench.tell(WindowDone())
