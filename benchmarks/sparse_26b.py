"""Gemma 4 26B-A4B as a sparse checkpoint: seconds of a plan, memory of a build; `python -m benchmarks.sparse_26b`.

The checkpoint has the published names and shapes and no weights (tests/models/sparse_checkpoint.py). A plan is timed as
a user starts it and from within, which leaves the start-up out: without a tokenizer, with a made-up one of 262,144
tokens, and with the published one where a llama.cpp tree is given (`--llama-cpp PATH`), whose vocabulary is rebuilt.
A large tokenizer is parsed by the first plan and kept; minima are of the plans after it.
The build is of two blocks, experts of full size among them; zeros are quicker to encode than weights. Minima of three.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import qrecipe
from benchmarks.cost import Cost, measure
from tests.models.sparse_checkpoint import is_sparse, made_up_tokenizer, published
from tests.oracle.convert_hf import real_vocabularies, tiny_tokenizers

MODEL, RECIPE, RUNS, TOKENS = "gemma-4-26b-a4b", "gemma4-26b-ud-q4_k_xl", 3, 262_144


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--llama-cpp", type=Path)
    tree = parser.parse_args().llama_cpp
    tokenizers: dict[str, Mapping[str, bytes]] = {"no tokenizer": {}, "made-up tokenizer": made_up_tokenizer(TOKENS)}
    if tree is not None:
        tokenizers["published tokenizer"] = tiny_tokenizers.gemma4(real_vocabularies.read(tree, "gemma-4"))
    print(f"qrecipe {version('qrecipe')}, {platform.machine()}, Python {platform.python_version()}; minima of {RUNS}\n")
    with tempfile.TemporaryDirectory() as place:
        if not is_sparse(Path(place)):
            sys.exit("error: the file system of the temporary folder keeps no holes")
        _plans(Path(place), tokenizers)
        _build(Path(place))


def _plans(place: Path, tokenizers: Mapping[str, Mapping[str, bytes]]) -> None:
    print(f"start-up (`qrecipe --version`): {_command('--version').wall:.2f} s\n")
    print("| 26B-A4B with | `qrecipe plan` s | plan alone s | peak MiB |\n|---|--:|--:|--:|")
    for name, files in tokenizers.items():
        folder = published(MODEL, files).write(place / name.replace(" ", "-"))
        cost = _command("plan", RECIPE, "--source", folder)
        alone = min(_seconds(folder) for _ in range(RUNS))
        print(f"| {name} | {cost.wall:.2f} | {alone:.2f} | {cost.memory / 2**20:.0f} |")


def _build(place: Path) -> None:
    words = ("build", RECIPE, "--source", place / "made-up-tokenizer", "--target", "gguf", "--only", "blk.{0,1}.**")
    cost = measure([sys.executable, "-m", "qrecipe", *words, "--output", place])
    print(f"\nbuild --only 'blk.{{0,1}}.**': {cost.wall:.1f} s, {cost.cpu:.1f} s of CPU, {cost.memory / 2**20:.0f} MiB")


def _command(*words: str | Path) -> Cost:
    line = [sys.executable, "-m", "qrecipe", *words]
    cost = measure(line)
    for _ in range(RUNS - 1):
        cost = cost.least(measure(line))
    return cost


def _seconds(folder: Path) -> float:
    start = time.perf_counter()
    qrecipe.plan(RECIPE, source=str(folder))
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
