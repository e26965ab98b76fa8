"""What `build` says of weights on a grid, and that `verify` finds them again."""

import json
from pathlib import Path

import gguf
import numpy as np
import pytest

from qrecipe.codecs.floats import to_bf16
from tests.cli.running import qrecipe
from tests.codecs.qat import bf16, blocks, ternary

RECIPE = """
qrecipe = 1
name = "grid"
source = "qat.gguf"
rules = [
  {{ match = "blk.*.ffn_down", type = "TQ2_0(scale=negative, fit=lattice)" }},
  {{ match = "{}", type = "Q4_0(fit=lattice)" }},
  {{ match = "**", type = "keep" }},
]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("qat")
    random = np.random.default_rng(17)
    writer = gguf.GGUFWriter(made / "qat.gguf", "llama")
    writer.add_block_count(2)
    for name, rows in {
        "blk.0.attn_k.weight": bf16(random.normal(size=(64, 256)) * 0.02),
        "blk.0.attn_q.weight": blocks(random, 512, (1e-4, 1e-1)).reshape(-1, 256),
        "blk.0.ffn_down.weight": ternary(random, 64),
        "blk.0.ffn_up.weight": blocks(random, 8000, (1e-4, 1e-1), rounded=False).reshape(-1, 256),
        "blk.1.ffn_up.weight": blocks(random, 16, (1e-4, 1e-1)).reshape(-1, 256),
    }.items():
        writer.add_tensor(name, to_bf16(rows).view(np.uint8), raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return made


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def recipe(match, type_=""):
    text = RECIPE.format(match)
    if match == "**":
        text = text.replace('  { match = "**", type = "keep" },\n', "")
    Path("grid.toml").write_text(text.replace("Q4_0(fit=lattice)", type_) if type_ else text, encoding="utf-8")


def summary(run):
    """Return the lines behind the one with the size."""
    lines = run.stderr.splitlines()
    return lines[max(i for i, line in enumerate(lines) if "bits per weight" in line) + 1 :]


def test_a_model_on_its_grid_is_certified_and_comes_back(here):
    recipe("blk.*.attn_q")
    assert summary(qrecipe("build", "grid.toml", "--force")) == [
        "  certified, every weight bit for bit: all 576 blocks in 2 tensors"
    ]
    told = json.loads(qrecipe("verify", "grid.gguf", "--source", "qat.gguf", "--json").stdout)
    assert {each["identical"] for each in told["values"]} == {1.0}


def test_what_is_not_certified_is_told_by_role(here):
    recipe("**")
    run = qrecipe("build", "grid.toml", "--force", "--json")
    counts = {each.pop("tensor"): each for each in json.loads(run.stdout)["targets"][0]["certified"]}
    assert counts == {
        "blk.0.attn_k.weight": {"blocks": 512, "certified": 0, "near": 0},
        "blk.0.attn_q.weight": {"blocks": 512, "certified": 512, "near": 0},
        "blk.0.ffn_down.weight": {"blocks": 64, "certified": 64, "near": 0},
        "blk.0.ffn_up.weight": {"blocks": 8000, "certified": 7926, "near": 74},
        "blk.1.ffn_up.weight": {"blocks": 16, "certified": 16, "near": 0},
    }
    assert summary(run) == [
        "  certified, every weight bit for bit: 8,518 of 9,104 blocks (93.56%) in 5 tensors",
        "    near a grid: 74 blocks, no weight more than one step of BF16 off",
        "    on no grid: 512 blocks, encoded as rtn does",
        "    attn_k: 0 of 512 blocks (0.00%)",
        "    ffn_up: 7,942 of 8,016 blocks (99.07%), least in blk.0.ffn_up.weight: 7,926 of 8,000 blocks (99.07%)",
    ]


def test_where_all_must_be_certified_the_first_that_is_not_is_told(here):
    recipe("blk.*.ffn_up", "Q4_0(fit=lattice(else=error))")
    run = qrecipe("build", "grid.toml", "--force", code=1)
    why = "no scale gives all its weights back bit for bit"
    assert run.stderr.splitlines()[-4:] == [
        "error: 74 of 8,000 blocks cannot be certified in Q4_0",
        "  --> qat.gguf, blk.0.ffn_up.weight",
        f"why: the first is in row 2, columns 128 to 159: {why}; rows 0 to 999 were looked at",
        "fix: say fit=lattice, which takes such blocks too and counts them, or choose another type",
    ]


def test_other_types_refuse_the_fit(here):
    recipe("blk.*.ffn_up", "Q5_1(fit=lattice)")
    run = qrecipe("plan", "grid.toml", code=1)
    assert (
        "the grids that lattice recovers are those of Q4_0, Q5_0, Q8_0, TQ1_0, TQ2_0 and int2 to int8, not of Q5_1"
        in run.stderr
    )


def test_fits_that_certify_nothing_say_nothing(here):
    recipe("blk.*.attn_q", "Q4_0")
    Path("grid.toml").write_text(Path("grid.toml").read_text().replace("negative, fit=lattice", "negative"))
    run = qrecipe("build", "grid.toml", "--force", "--json")
    assert summary(run) == []
    assert json.loads(run.stdout)["targets"][0]["certified"] == []
