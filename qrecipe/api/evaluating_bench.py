"""What both engines measure on: the models, the text, the settings, and where references are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.building import cores
from qrecipe.evaluation.kept import default_folder
from qrecipe.types.evaluation import Engine, EvaluationEvent
from qrecipe.types.event import Event

if TYPE_CHECKING:
    from qrecipe.api.evaluating_pair import Pair
    from qrecipe.evaluation.kept import Kept
    from qrecipe.host.catalog import Catalog

LEAST_WINDOW = 16
"""Tokens of the smallest window that can be measured on."""
Tell = Callable[[Event | EvaluationEvent], None]
"""Who is told of events."""


@dataclass(frozen=True, slots=True)
class EvalSettings:
    """How to measure.

    Attributes:
        window: Tokens of a window.
        windows: How many windows are read at most; None for all of the text.
        engine: Who computes.
        llama_perplexity: The tool of engine `llama.cpp`: a path or a name; None to find it on the path.
        cache: The folder of references; None for `qrecipe/eval` in the user's cache.
        keep: Keep references there; without, they are computed anew each time and nothing is left.
        threads: Workers; None for one a core.
    """

    window: int = 512
    windows: int | None = None
    engine: Engine = "transformers"
    llama_perplexity: str | Path | None = None
    cache: str | Path | None = None
    keep: bool = True
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.window < LEAST_WINDOW:
            raise ValueError(f"a window has {LEAST_WINDOW} tokens at least, not {self.window}")

    @property
    def folder(self) -> Path | None:
        """Where references are kept; None where they are not."""
        if not self.keep:
            return None
        return default_folder() if self.cache is None else Path(self.cache)

    @property
    def workers(self) -> int:
        """How many."""
        return self.threads or cores()


@dataclass(frozen=True, slots=True)
class Bench:
    """What engines share.

    Attributes:
        pair: The source and the artifacts.
        source_digest: Of everything that the source's logits depend on.
        text: The file.
        settings: How.
        kept: Where references go.
        catalog: What decodes.
        tell: Who is told of events.
    """

    pair: Pair
    source_digest: str
    text: Path
    settings: EvalSettings
    kept: Kept
    catalog: Catalog
    tell: Tell
