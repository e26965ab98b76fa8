"""Run as a script: load a GGUF in llama.cpp (xllamacpp) and print its greedy continuation of a prompt as JSON.

usage: llama.py MODEL PROMPT TOKENS        a process of its own, so that a crash of llama.cpp fails one test
"""

import json
import sys


def main(model: str, prompt: str, tokens: int) -> None:
    import xllamacpp  # noqa: PLC0415 - the test imports nothing of this file

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 256
    params.n_parallel = 1
    params.warmup = False
    params.cpuparams.n_threads = 2
    request = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "top_k": 1, "seed": 1, "cache_prompt": False}
    answer = xllamacpp.Server(params).handle_completions(request)
    sys.stdout.write(json.dumps({"text": answer["choices"][0]["text"]}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
