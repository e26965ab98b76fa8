"""How long a plan takes: 10,000 tensors with 100, 1,000 and 10,000 rules; `python -m benchmarks.plan_synthetic`.

The inventory is 1,000 blocks of ten matrices; every rule wins at least one tensor. 100 rules: ranges of blocks with
conditions. 1,000 rules: one for each block, whose condition counts (`index`). 10,000 rules: one for each tensor, in
turn exact names, ranges of one block, patterns with two `**`, in reverse order, so that the last rule wins the first
tensor. Parsing and resolving are in the figure, the interpreter's start is not. Minima of three runs.
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from itertools import cycle, pairwise, product
from pathlib import Path

import qrecipe

BLOCKS, RUNS = 1000, 3
ROLES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "ffn_a", "ffn_b", "ffn_c")
FORMS = ("blk.{block}.{role}", "blk.{{{block}..{block}}}.{role}", "**.{block}.**{role}.weight")


def main() -> None:
    print(f"qrecipe {version('qrecipe')}, {platform.machine()}, Python {platform.python_version()}; minima of {RUNS}\n")
    print("| tensors | rules | plan s |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "inventory.json").write_text(_inventory(), encoding="utf-8")
        for rules in (list(_hundred()), list(_thousand()), list(_one_each())[::-1]):
            recipe = Path(folder) / "recipe.toml"
            recipe.write_text(_recipe(rules), encoding="utf-8")
            print(f"| {BLOCKS * len(ROLES)} | {len(rules)} | {min(_seconds(recipe) for _ in range(RUNS)):.2f} |")


def _seconds(recipe: Path) -> float:
    start = time.perf_counter()
    plan = qrecipe.plan(recipe)
    seconds = time.perf_counter() - start
    if len(plan.targets[0].decisions) != BLOCKS * len(ROLES):
        raise SystemExit("error: the plan has another number of tensors")
    return seconds


def _inventory() -> str:
    rows = [
        f'{{"name": "blk.{{}}.{role}.weight", "shape": [512, 512], "dtype": "BF16", "blocks": "0-{BLOCKS - 1}"}}'
        for role in ROLES
    ]
    facts = f'"facts": {{"n_layers": {BLOCKS}, "n_experts": 0, "n_embd": 512, "n_vocab": 32000}}'
    return f'{{"inventory": 1, "arch": "llama", {facts}, "tensors": [{", ".join(rows)}]}}'


def _recipe(rules: list[str]) -> str:
    head = 'qrecipe = 1\nname = "synthetic"\ninventory = "inventory.json"\n'
    return head + "".join(f"\n[[rules]]\n{rule}\n" for rule in rules)


def _hundred() -> Iterator[str]:
    """One exact rule, then three for each of 33 ranges of blocks."""
    yield 'match = "blk.0.attn_q"\ntype = "Q8_0"'
    edges = [*range(0, 990, 30), BLOCKS]
    for (first, after), kind in zip(pairwise(edges), cycle(("Q4_K", "Q5_K", "Q6_K"))):
        blocks = f"{{{first}..{after - 1}}}"
        yield f'match = "blk.{blocks}.attn_*"\nwhen = "index % 2 == 0 or role == \'attn_v\'"\ntype = "{kind}"'
        yield f'match = "blk.{blocks}.ffn_{{gate,up}}"\nwhen = "cols % 256 == 0"\ntype = "{kind} | Q4_0"'
        yield f'match = "blk.{blocks}.*"\ntype = "Q3_K | Q4_0"'


def _thousand() -> Iterator[str]:
    for block in range(BLOCKS):
        yield f'match = "blk.{block}.*"\nwhen = "index < count"\ntype = "Q4_K"'


def _one_each() -> Iterator[str]:
    for (block, role), form in zip(product(range(BLOCKS), ROLES), cycle(FORMS)):
        yield f'match = "{form.format(block=block, role=role)}"\ntype = "Q4_K"'


if __name__ == "__main__":
    main()
