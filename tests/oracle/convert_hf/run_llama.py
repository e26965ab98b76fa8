"""Run as a script: what llama.cpp (xllamacpp) computes with a GGUF file, as JSON: for each step the best tokens.

usage: run_llama.py MODEL TOKENS STEPS BEST FORCED       TOKENS: JSON, the prompt; FORCED: a token whose text is whole

A process of its own, so that a crash of llama.cpp fails one test. The server tells no probabilities for a token whose
text is part of a character; so each step samples a token that is forced upon it, and the best one is appended here.
"""

from __future__ import annotations

import json
import sys
import urllib.request

import xllamacpp


def main(model: str, tokens: list[int], steps: int, best: int, forced: int) -> None:
    """Print the best tokens of each step with their log-probabilities."""
    running = server(model)
    found = []
    for _ in range(steps):
        found.append(best_tokens(running, tokens, best, forced))
        tokens.append(found[-1][0][0])
    sys.stdout.write(json.dumps(found) + "\n")


def server(model: str) -> xllamacpp.Server:
    """Load the model: two threads, a cache of F32, no flash attention."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 256
    params.n_parallel = 1
    params.warmup = False
    params.cpuparams.n_threads = 2
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    return xllamacpp.Server(params)


def best_tokens(running: xllamacpp.Server, tokens: list[int], best: int, forced: int) -> list[tuple[int, float]]:
    """Return the best tokens after these, with their log-probabilities, best first."""
    settings = {
        "n_predict": 1,
        "temperature": 0,
        "n_probs": best,
        "logit_bias": [[forced, 1000]],
        "cache_prompt": False,
    }
    url, body = f"{running.listening_address}/completion", json.dumps({"prompt": tokens, **settings}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - a server of this process
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - likewise
        (step,) = json.load(answer)["completion_probabilities"]
    return [(each["id"], each["logprob"]) for each in step["top_logprobs"]]


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), *map(int, sys.argv[3:]))
