"""plan --measure: what a build's artifact would be verified as, from all rows or from a few, with nothing written."""

import json
from pathlib import Path

import numpy as np
import pytest

import qrecipe
from tests.cli.running import qrecipe as run
from tests.codecs.grids import on_grid, plain, write

RECIPE = """
qrecipe = 1
name = "grid"
source = "qat.gguf"
rules = [
  { match = "token_embd", type = "TQ2_0(scale=negative, fit=lattice)" },
  { match = "blk.*.attn_q", type = "Q6_K" },
  { match = "blk.0.ffn_up", type = "Q4_0(fit=lattice)" },
  { match = "blk.1.ffn_up", type = "Q4_0(fit=lattice(else=error))" },
  { match = "blk.0.experts", type = "Q8_0" },
  { match = "**", type = "keep" },
]
targets = [{ backend = "gguf", output = "grid.gguf" }]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("measure")
    random = np.random.default_rng(4)
    off = on_grid(random, 300, 256, 32, 8)
    off[5] = plain(random, 256)
    tensors = {
        "token_embd.weight": on_grid(random, 64, 256, 256, 2),
        "output_norm.weight": np.ones(256),
        "blk.0.attn_q.weight": plain(random, 32, 256),
        "blk.0.attn_v.weight": plain(random, 32, 256),
        "blk.0.experts.weight": plain(random, 4, 16, 256),
        "blk.0.ffn_up.weight": on_grid(random, 300, 256, 32, 8),
        "blk.1.ffn_up.weight": off,
    }
    write(made / "qat.gguf", tensors)
    (made / "grid.toml").write_text(RECIPE, encoding="utf-8")
    return made


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def test_all_rows_say_what_verifying_the_artifact_says(here):
    (measured,) = qrecipe.measure("grid.toml", exact=True)
    text = RECIPE.replace("(else=error)", "")
    Path("lenient.toml").write_text(text.replace('"grid"', '"lenient"'), encoding="utf-8")
    built = qrecipe.build("lenient.toml", output="out").built[0]
    verified = qrecipe.verify(built.paths[0], source="qat.gguf")
    assert (measured.target, measured.exact) == ("gguf", True)
    by_name = {each.tensor: each for each in measured.values}
    assert len(by_name) == len(verified.values) == 7
    for each in verified.values:
        mine = by_name[each.tensor]
        assert (mine.weights, mine.blocks, mine.certified) == (each.weights, each.blocks, each.certified)
        assert (mine.rmse, mine.identical) == (pytest.approx(each.rmse), each.identical)
    counts = built.counts["blk.0.ffn_up.weight"]
    assert by_name["blk.0.ffn_up.weight"].certified == counts.certified == counts.blocks == 2400


def test_blocks_that_would_stop_the_build_are_told(here):
    (measured,) = qrecipe.measure("grid.toml", exact=True)
    values = {each.tensor: each for each in measured.values}["blk.1.ffn_up.weight"]
    assert (values.type, values.blocks) == ("Q4_0(fit=lattice(else=error))", 2400)
    assert values.certified == 2392
    with pytest.raises(qrecipe.BuildError, match="cannot be certified"):
        qrecipe.build("grid.toml", output="strict")


def test_a_sample_is_a_few_rows_and_always_the_same(here):
    (measured,) = qrecipe.measure("grid.toml")
    by_name = {each.tensor: each for each in measured.values}
    assert {each.weights for each in measured.values if each.tensor.startswith("blk")} == {8 * 256}
    assert by_name["output_norm.weight"].weights == 256
    assert by_name["blk.0.ffn_up.weight"].identical == 1
    assert 0 < by_name["blk.0.attn_q.weight"].relative < 0.05
    assert by_name["blk.0.attn_q.weight"].identical < 0.2
    assert qrecipe.measure("grid.toml", threads=1) == (measured,)


def test_weights_that_are_not_finite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = plain(np.random.default_rng(1), 20, 256)
    rows[19, 3] = np.inf
    write("qat.gguf", {"blk.0.attn_q.weight": rows})
    Path("all.toml").write_text(
        'qrecipe = 1\nname = "all"\nsource = "qat.gguf"\n[[rules]]\nmatch = "**"\ntype = "Q6_K"\n'
    )
    with pytest.raises(qrecipe.BuildError) as caught:
        qrecipe.measure("all.toml")
    assert str(caught.value.diagnostics[0]).splitlines()[:2] == [
        "error: tensor 'blk.0.attn_q.weight' holds a value that is not finite at row 19, column 3",
        "  --> qat.gguf",
    ]


def test_the_command_shows_the_plan_and_the_furthest_first(here):
    lines = run("plan", "grid.toml", "--measure").stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("gguf: 7 tensors against"))
    assert lines[start] == "gguf: 7 tensors against the source, a few rows of each, the furthest first"
    cells = [line.split() for line in lines[start + 2 :]]
    assert [cell[0] for cell in cells[:2]] == ["blk.0.attn_q.weight", "blk.0.experts.weight"]
    assert cells[0][1:3] == ["Q6_K", "BF16"]
    certified = {cell[0]: cell[-1] for cell in cells}
    assert (certified["token_embd.weight"], certified["blk.0.attn_q.weight"]) == ("100.00%", "0.00%")


def test_json_has_the_plan_and_the_numbers(here):
    document = json.loads(run("plan", "grid.toml", "--measure", "--json").stdout)
    assert document["plan"]["targets"][0]["name"] == "gguf"
    assert (document["exact"], document["measured"][0]["target"]) == (False, "gguf")
    assert {each["tensor"]: each["certified"] for each in document["measured"][0]["values"]}["token_embd.weight"] == 8


def test_exact_goes_with_measure(here):
    assert "it goes with --measure" in run("plan", "grid.toml", "--exact", code=2).stderr
