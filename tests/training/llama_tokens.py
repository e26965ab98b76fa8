"""Run as a script: what llama.cpp (xllamacpp) makes of texts, as JSON: the tokens of each, and a greedy continuation.

usage: llama_tokens.py MODEL COUNT < TEXTS       TEXTS: a JSON list; COUNT: how many tokens continue the last

A process of its own, so that a crash of llama.cpp fails one test.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

import xllamacpp


def main(model: str, count: int, texts: list[str]) -> None:
    """Print both."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 512
    params.n_parallel = 1
    params.warmup = False
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)
    tokens = [_ask(server, "tokenize", {"content": text, "add_special": True})["tokens"] for text in texts]
    settings = {"prompt": texts[-1], "n_predict": count, "temperature": 0, "return_tokens": True}
    more = _ask(server, "completion", settings)
    sys.stdout.write(json.dumps({"tokens": tokens, "more": more["tokens"], "text": more["content"]}) + "\n")


def _ask(server: Any, what: str, body: dict[str, object]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.listening_address}/{what}", json.dumps(body).encode(), headers)  # noqa: S310 - a server of this process
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - likewise
        found: dict[str, Any] = json.load(answer)
        return found


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.load(sys.stdin))
