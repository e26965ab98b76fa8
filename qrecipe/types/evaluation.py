"""What measuring an artifact against its source finds, and what was measured: plain values, no arrays.

Every measure is defined as llama-perplexity defines it (`docs/reference/eval.md` has the formulas). An `Estimate` has
the standard error of a mean over positions; a `Quantile` has the 95 % interval that the ranks of a sample give.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic

Engine = Literal["transformers", "llama.cpp", "both"]
"""Who computes: transformers with weights decoded to float32, llama-perplexity, or both, to compare them."""
Way = Literal[
    "transformers",
    "transformers, 16-bit reference",
    "llama.cpp, all in F32",
    "llama.cpp, weights as F32",
    "llama.cpp",
]
"""How numbers came about. The three in the middle stand between the engines, with one cause of difference more each."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over positions, or what follows from one.

    Attributes:
        value: The best guess.
        error: Its standard error; 1.96 of them to each side are the 95 % interval.
    """

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile over positions.

    Attributes:
        value: The sample's.
        low: The lower end of the 95 % interval, by rank; None where the engine prints none.
        high: The upper end, likewise.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """How an artifact's predictions differ from its source's.

    Attributes:
        positions: How many predictions were compared.
        kld: Mean Kullback-Leibler divergence of the artifact's distribution from the source's, in nats.
        kld_median: Its median.
        kld_99: Its 99 % quantile.
        kld_999: Its 99.9 % quantile.
        kld_max: The largest.
        same_top: Share of positions, 0 to 1, where both hold the same token most likely.
        perplexity: The artifact's.
        perplexity_source: The source's.
        log_ratio: Mean of ln(perplexity / perplexity_source); its error knows that both saw the same text.
        rms_change: Root of the mean square change of the probability of the right token.
    """

    positions: int
    kld: Estimate
    kld_median: Quantile
    kld_99: Quantile
    kld_999: Quantile
    kld_max: float
    same_top: Estimate
    perplexity: Estimate
    perplexity_source: Estimate
    log_ratio: Estimate
    rms_change: Estimate


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One artifact, measured in one way.

    Attributes:
        artifact: As it was asked for; the source where it was measured against itself.
        nbytes: Size of its files.
        way: How.
        control: The source against itself.
        measures: What came out.
    """

    artifact: str
    nbytes: int
    way: Way
    control: bool
    measures: Measures


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Artifacts against their source on a text.

    Attributes:
        source: As it was asked for.
        text: The text file, as it was asked for.
        text_digest: Its SHA-256, hexadecimal.
        window: Tokens of a window.
        windows: How many were read.
        bos: Every window begins with the BOS token in the place of its own first.
        results: By artifact in the order asked, then by way; controls last.
        findings: Warnings.
    """

    source: str
    text: str
    text_digest: str
    window: int
    windows: int
    bos: bool
    results: tuple[Evaluated, ...]
    findings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class TensorCost:
    """What the quantization of one tensor alone costs: all others have the source's weights.

    Attributes:
        tensor: Its canonical name.
        type: What the artifact stores.
        nbytes: Bytes in the artifact.
        weights: How many it has.
        measures: Against the source; None where its weights are the source's, so that it costs nothing.
    """

    tensor: str
    type: str
    nbytes: int
    weights: int
    measures: Measures | None


@dataclass(frozen=True, slots=True)
class TensorCosts:
    """An artifact's tensors, each measured alone.

    Attributes:
        evaluation: The whole artifact.
        tensors: In the artifact's order.
    """

    evaluation: Evaluation
    tensors: tuple[TensorCost, ...]


@dataclass(frozen=True, slots=True)
class WindowsStarted:
    """Windows begin to go through a model.

    Attributes:
        doing: For people: `source, transformers`.
        windows: How many.
    """

    doing: str
    windows: int


@dataclass(frozen=True, slots=True)
class WindowDone:
    """One more window went through."""


EvaluationEvent = WindowsStarted | WindowDone
"""What a running evaluation reports, besides the events of a build."""
