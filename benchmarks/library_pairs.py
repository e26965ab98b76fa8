"""Our build of a folder against the reference library's own way, on a model that is made for it: the common part.

`main(library, pairs)` is the whole script of `compressed_tensors.py` and `torchao.py`. A llama of `--mib` MiB in BF16
is written with random weights. For each pair both ways run as whole commands, in turns; wall and CPU time and peak
memory are the least of each way's runs. What share of the arrays' bytes is equal stands beside them, so that one sees
that both did the same work. Prints Markdown with versions.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from functools import reduce
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.cost import Cost, measure
from tests.oracle.convert_hf import checkpoints, goldens, tiny_tokenizers
from tests.oracle.convert_hf.families import FAMILIES
from tests.oracle.llm_compressor import shares

HIDDEN, FEED, HEADS, HEAD = 1024, 2816, 16, 64
_LAYER = 4 * HIDDEN * HIDDEN + 3 * HIDDEN * FEED


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """A setting of `by_library.py`, and what a recipe says for the same: a type, and keys of the target."""

    setting: str
    type: str
    options: str = ""


def main(library: str, pairs: Sequence[Pair], words: list[str]) -> None:
    """Measure and print a table."""
    options = _options(pairs, words)
    print(_versions(library, options))
    print("| weights | equal bytes | wall s: ours, theirs, ratio | CPU s: ours, theirs, ratio | peak MiB: same |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).resolve()
        source = write_model(work / "source", options.mib)
        for pair in pairs:
            if pair.setting in options.setting:
                print(_row(library, pair, source, options), flush=True)


def write_model(folder: Path, mib: int) -> Path:
    """Write a llama of about this size, two layers to a shard, if it is not there; nothing much is held in memory."""
    if (folder / "config.json").exists():
        return folder
    folder.mkdir(parents=True)
    layers = max(2, mib * 2**20 // (2 * _LAYER) // 2 * 2)
    shapes = _shapes(layers)
    parts = [[name for name in shapes if _layer(name) in (n, n + 1)] for n in range(0, layers, 2)]
    parts.append([name for name in shapes if _layer(name) < 0])
    rng = np.random.default_rng(7)
    files = {f"model-{n + 1:05}-of-{len(parts):05}.safetensors": part for n, part in enumerate(parts)}
    for file, part in files.items():
        tensors = {name: _random(rng, shapes[name]) for name in part}
        (folder / file).write_bytes(checkpoints._shard(part, "BF16", shapes, tensors))  # noqa: SLF001 - one writer
    places = {name: file for file, part in files.items() for name in part}
    (folder / "model.safetensors.index.json").write_bytes(checkpoints.index(places))
    (folder / "config.json").write_text(json.dumps(_config(layers)), encoding="utf-8")
    for name, data in tiny_tokenizers.byte_level_llama3(None).items():
        (folder / name).write_bytes(data)
    return folder


def _layer(name: str) -> int:
    """Return the layer that a tensor is of; -1 for those of none."""
    words = name.split(".")
    return int(words[2]) if words[1] == "layers" else -1


def _config(layers: int) -> dict[str, object]:
    small, _ = goldens.read_model(next(family for family in FAMILIES if family.name == "llama"))
    sizes = {"hidden_size": HIDDEN, "intermediate_size": FEED, "num_hidden_layers": layers, "head_dim": HEAD}
    heads = {"num_attention_heads": HEADS, "num_key_value_heads": HEADS, "torch_dtype": "bfloat16"}
    return dict(small) | sizes | heads


def _shapes(layers: int) -> dict[str, tuple[int, ...]]:
    vocabulary = tiny_tokenizers.TOKENS
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocabulary, HIDDEN)}
    for n in range(layers):
        front = f"model.layers.{n}."
        shapes |= {f"{front}self_attn.{name}_proj.weight": (HIDDEN, HIDDEN) for name in "qkvo"}
        shapes |= {f"{front}mlp.{name}_proj.weight": (FEED, HIDDEN) for name in ("gate", "up")}
        shapes[f"{front}mlp.down_proj.weight"] = (HIDDEN, FEED)
        shapes |= {f"{front}{name}_layernorm.weight": (HIDDEN,) for name in ("input", "post_attention")}
    return shapes | {"model.norm.weight": (HIDDEN,), "lm_head.weight": (vocabulary, HIDDEN)}


def _random(rng: np.random.Generator, shape: tuple[int, ...]) -> bytes:
    values = rng.standard_normal(shape, np.float32)
    return checkpoints.rounded(values / np.float32(shape[-1] ** 0.5) if len(shape) > 1 else values / 8 + 1, "BF16")


def _row(library: str, pair: Pair, source: Path, options: argparse.Namespace) -> str:
    theirs, parent = source.parent / "theirs" / pair.setting, source.parent / "ours" / pair.setting
    parent.mkdir(parents=True, exist_ok=True)
    (parent / "recipe.toml").write_text(_recipe(library, pair, source), encoding="utf-8")
    build = [sys.executable, "-m", "qrecipe", "build", str(parent / "recipe.toml"), "-o", str(parent), "--force"]
    ours = [*build, "--threads", str(options.threads)]
    other = [sys.executable, "-m", "benchmarks.by_library", library, str(source), str(theirs), pair.setting]
    costs = [(measure(ours), measure(other)) for _ in range(options.runs)]
    mine, peer = (reduce(Cost.least, column) for column in zip(*costs, strict=True))
    return f"| {pair.setting} | {_equal(parent / 'artifact', theirs)} | " + " | ".join(
        f"{a:.2f}, {b:.2f}, {a / b:.2f}"
        for a, b in ((mine.wall, peer.wall), (mine.cpu, peer.cpu), (mine.memory / 2**20, peer.memory / 2**20))
    ) + " |"  # fmt: skip


def _equal(ours: Path, theirs: Path) -> str:
    """Return the share of equal bytes; the work is not the same where one side has arrays that the other has not."""
    mine, others = shares.arrays(ours), shares.arrays(theirs)
    if mine.keys() != others.keys():
        sys.exit(f"error: arrays differ: {sorted(mine.keys() ^ others.keys())[:4]}")
    return f"{100 * shares.share(mine, others):.2f} %"


def _recipe(library: str, pair: Pair, source: Path) -> str:
    return (
        f"qrecipe = 1\nname = \"{pair.setting}\"\nsource = '{source}'\n\n"
        '[[rules]]\nmatch = "{token_embd,output}"\ntype = "keep"\n\n'
        f'[[rules]]\nmatch = "**"\ntype = "{pair.type}"\n\n'
        f'[[targets]]\nbackend = "{library}"\noutput = "artifact/"\n{pair.options}'
    )


def _options(pairs: Sequence[Pair], words: list[str]) -> argparse.Namespace:
    settings = [pair.setting for pair in pairs]
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=400, help="size of the model")
    parser.add_argument("--work", type=Path, help="folder for model and outputs; else a temporary one")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--runs", type=int, default=3, help="runs of each way")
    parser.add_argument("--setting", nargs="+", choices=settings, default=settings)
    return parser.parse_args(words)


def _versions(library: str, options: argparse.Namespace) -> str:
    names = ("qrecipe", library, "torch", "transformers")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"{packages}; {where}; {options.threads} threads, {options.mib} MiB; least of {options.runs} runs each\n"
