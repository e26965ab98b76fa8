"""What transformers and llama.cpp compute with a tiny model in float32: greedy tokens, and the log-probabilities.

The prompt is longer than the sliding windows, so that blocks with a window and blocks without one differ. Weights are
those of the checkpoint, whatever it stores; transformers and llama.cpp widen them to float32 without loss.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.oracle.convert_hf import run_llama
from tests.oracle.convert_hf.families import Family

STEPS, BEST = 8, 5
PROMPT = tuple((n * 37 + 11) % 90 + 270 for n in range(91))  # tokens that every made-up vocabulary has as text


@dataclass(frozen=True, slots=True)
class Results:
    """Greedy tokens after `PROMPT`, and for each the best tokens with their log-probabilities, best first."""

    tokens: tuple[int, ...]
    best: tuple[tuple[tuple[int, float], ...], ...]

    @classmethod
    def of(cls, best: list[list[tuple[int, float]]]) -> Results:
        """Take the greedy tokens from the best ones."""
        whole = tuple(tuple((int(token), round(float(value), 5)) for token, value in step) for step in best)
        return cls(tuple(step[0][0] for step in whole), whole)

    def farthest(self, other: Results) -> float:
        """Return the greatest difference between log-probabilities of the same token; infinite where one is lacking."""
        return max(
            abs(value - dict(theirs).get(token, float("inf")))
            for mine, theirs in zip(self.best, other.best, strict=True)
            for token, value in mine
        )


def of_transformers(family: Family, checkpoint: Path) -> Results:
    """Run the model."""
    import torch  # noqa: PLC0415 - heavy, and only this function needs it
    import transformers  # noqa: PLC0415

    loaded: Any = getattr(transformers, family.model)
    model = loaded.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="eager").eval()
    tokens, best = list(PROMPT), []
    with torch.inference_mode():
        for _ in range(STEPS):
            logits = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1]
            top = torch.log_softmax(logits.double(), -1).topk(BEST)
            best.append(list(zip(top.indices.tolist(), top.values.tolist(), strict=True)))
            tokens.append(best[-1][0][0])
    return Results.of(best)


def of_llama_cpp(family: Family, model: Path) -> Results:
    """Run the GGUF file; more of the best tokens, since close ones may change places."""
    forced = 0 if family.tokenizer.startswith("byte_level") else 300
    words = [str(model), json.dumps(PROMPT), STEPS, 2 * BEST, forced]
    line = [sys.executable, run_llama.__file__, *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {' '.join(line)}\n{done.stderr[-4000:]}")
    return Results.of(json.loads(done.stdout.splitlines()[-1]))
