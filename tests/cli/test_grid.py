"""`inspect --grid`: its table, a line for blocks that are alike, what is mixed, the JSON; and usage."""

import json

import numpy as np
import pytest

from tests.cli.running import qrecipe
from tests.codecs.grids import on_grid, plain, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("grid")
    random = np.random.default_rng(2)
    tensors = {"token_embd.weight": on_grid(random, 64, 256, 256, 2), "output_norm.weight": np.ones(256)}
    for block in range(4):
        tensors[f"blk.{block}.attn_q.weight"] = plain(random, 32, 256)
        tensors[f"blk.{block}.ffn_up.weight"] = on_grid(random, 32, 256, 32, 8)
    half = tensors["blk.3.ffn_up.weight"]
    half[9:] = plain(random, 23, 256)
    write(made / "qat.gguf", tensors)
    return made


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def table(run):
    return [" ".join(line.split()) for line in run.stdout.splitlines()]


def test_one_line_for_blocks_that_are_alike(here):
    assert table(qrecipe("inspect", "--grid", "qat.gguf", "--exact")) == [
        "9 matrices, 4 on a grid, from all rows",
        "tensor blocks grid scales on it type that holds it certified",
        "token_embd.weight -2 to 1, a scale for each row BF16 100.00% TQ2_0(scale=negative, fit=lattice) 100.00%",
        "blk.*.attn_q.weight 0-3 on no grid keep",
        "blk.*.ffn_up.weight 0-2 -8 to 7, a scale for 32 columns BF16 100.00% Q4_0(fit=lattice) 100.00%",
        "blk.3.ffn_up.weight on a grid in part keep",
        "blk.3.ffn_up.weight is mixed: from row 0 -8 to 7, a scale for 32 columns; from row 9 on no grid",
        "1 other tensor: vectors, and what is quantized already",
        "a recipe for this: qrecipe new --from-grid qat.gguf",
    ]


def test_one_line_a_tensor(here):
    lines = table(qrecipe("inspect", "--grid", "--all", "qat.gguf"))
    assert lines[0] == "9 matrices, 4 on a grid, from a few rows of each"
    assert sum(line.startswith("blk.") and "is mixed" not in line for line in lines) == 8


def test_json(here):
    found = json.loads(qrecipe("inspect", "--grid", "--json", "qat.gguf").stdout)
    assert (found["reference"], found["arch"], found["others"]) == ("qat.gguf", "llama", 1)
    assert found["grids"][0] == {
        "tensor": "token_embd.weight",
        "shape": [64, 256],
        "dtype": "BF16",
        "grid": {"bits": 2, "low": -2, "high": 1, "axis": "row", "group": None, "scale": "BF16"},
        "why": None,
        "exact": False,
        "rows": 8,
        "groups": 8,
        "on_grid": 8,
        "runs": [],
        "type": "TQ2_0(scale=negative, fit=lattice)",
        "blocks": 8,
        "certified": 8,
        "near": 0,
    }
    assert found["grids"][1]["grid"] is None


def test_a_recipe_from_the_grid(here):
    text = qrecipe("new", "--from-grid", "qat.gguf").stdout
    assert 'match = "blk.{0..2}.ffn_up"\ntype  = "Q4_0(fit=lattice)"' in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--exact",), "Invalid value for --exact: it goes with --grid"),
        (("--all",), "it goes with --grid"),
        (("--grid", "--lock"), "Invalid value for --grid: it does not go with --lock"),
    ],
)
def test_usage(here, words, told):
    assert told in " ".join(qrecipe("inspect", "qat.gguf", *words, code=2).stderr.replace("│", " ").split())
