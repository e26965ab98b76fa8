"""What transformers computes with a checkpoint folder: logits of a prompt, and greedy tokens behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
import transformers

from plugins.tests import activations
from tests.oracle.convert_hf.results import PROMPT

STEPS = 16


@dataclass(frozen=True, slots=True)
class Run:
    """Logits float32 [prompt, vocabulary], the greedy tokens, and what loading told."""

    logits: torch.Tensor
    tokens: tuple[int, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    def farthest(self, other: Run) -> float:
        """Return the greatest difference between two logits; infinite where one is no number."""
        difference = (self.logits - other.logits).abs().max()
        return float(difference) if bool(difference.isfinite()) else float("inf")


def run(folder: Path, changes: Mapping[str, activations.Change] = MappingProxyType({})) -> Run:
    """Load as a user does and run; `changes` are done to the inputs of modules."""
    model, told = transformers.AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    activations.hook(model.eval(), changes)
    ids = torch.tensor([PROMPT])
    with torch.inference_mode():
        logits = model(input_ids=ids, use_cache=False).logits[0].float()
        made = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            min_new_tokens=STEPS,
            max_new_tokens=STEPS,
        )
    tokens = tuple(made[0, len(PROMPT) :].tolist())
    return Run(logits, tokens, tuple(sorted(told["missing_keys"])), tuple(sorted(told["unexpected_keys"])))
