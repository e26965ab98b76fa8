"""Run as a script: what llama.cpp (xllamacpp) says of every token after each prompt, for each model, as JSON.

usage: python -m tests.models.log_probabilities KERNEL PROMPTS TOKENS FORCED MODEL...
KERNEL: `usual`, or `generic` for TQ2_0's product; PROMPTS: JSON, lists of tokens; TOKENS: of the vocabulary, how many;
FORCED: as in run_llama.py. Printed: for each model and prompt, log-probabilities by token.
"""

import json
import sys
from pathlib import Path

import xllamacpp

from tests.models.generic_kernel import use_generic_kernel
from tests.oracle.convert_hf import run_llama


def main(kernel: str, prompts: list[list[int]], tokens: int, forced: int, models: list[str]) -> None:
    """Print them."""
    if kernel == "generic":
        (library,) = Path(xllamacpp.__file__).parent.glob("xllamacpp*.so")
        use_generic_kernel(library)
    sys.stdout.write(json.dumps([_of(model, prompts, tokens, forced) for model in models]) + "\n")


def _of(model: str, prompts: list[list[int]], tokens: int, forced: int) -> list[list[float]]:
    running = run_llama.server(model)
    rows = [dict(run_llama.best_tokens(running, prompt, tokens, forced)) for prompt in prompts]
    return [[row[token] for token in range(tokens)] for row in rows]


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
