"""Grids in a checkpoint: found in a sample and in all rows, by bits, group, scale, axis; what is on none says why."""

import numpy as np
import pytest

import qrecipe
from qrecipe.types.format import BlockCounts
from qrecipe.types.grid import Grid, GridRun
from tests.codecs.grids import on_grid, plain, write

RANDOM = np.random.default_rng(5)
TENSORS = {
    "q4": on_grid(RANDOM, 100, 512, 32, 8),
    "row": on_grid(RANDOM, 100, 512, 512, 8),
    "q2": on_grid(RANDOM, 100, 512, 256, 2),
    "ternary": on_grid(RANDOM, 100, 512, 512, 2, least=-1),
    "short": on_grid(RANDOM, 100, 320, 320, 2),
    "q5": on_grid(RANDOM, 100, 512, 64, 16),
    "q8": on_grid(RANDOM, 100, 512, 512, 128),
    "odd": on_grid(RANDOM, 100, 24, 24, 8),
    "single": on_grid(RANDOM, 100, 512, 32, 8, scale="F32"),
    "stacked": on_grid(RANDOM, 100, 512, 32, 8).reshape(4, 25, 512),
    "columns": np.ascontiguousarray(on_grid(RANDOM, 128, 96, 96, 8).T),
    "plain": plain(RANDOM, 100, 512),
    "zeros": np.zeros((100, 512), np.float32),
    "vector": np.ones(64),
}
NAMES = {f"blk.0.{name}.weight": rows for name, rows in TENSORS.items()}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write(tmp_path_factory.mktemp("grids") / "grids.gguf", NAMES)


def looked(path, **how):
    return {each.tensor.split(".")[2]: each for each in qrecipe.inspect_grid(path, threads=2, **how).tensors}


@pytest.fixture(scope="module", params=[False, True], ids=["sampled", "exact"])
def found(request, model):
    return looked(model, exact=request.param)


FIT = "fit=lattice"


@pytest.mark.parametrize(
    ("name", "grid", "type_"),
    [
        ("q4", Grid(4, False, 32, "BF16"), f"Q4_0({FIT})"),
        ("row", Grid(4, False, None, "BF16"), f"Q4_0({FIT})"),
        ("q2", Grid(2, False, 256, "BF16"), f"TQ2_0(scale=negative, {FIT})"),
        ("ternary", Grid(2, True, None, "BF16"), f"TQ2_0({FIT})"),
        ("short", Grid(2, False, None, "BF16"), f"Q4_0({FIT})"),
        ("q5", Grid(5, False, 64, "BF16"), f"Q5_0({FIT})"),
        ("q8", Grid(8, False, None, "BF16"), f"Q8_0({FIT})"),
        ("odd", Grid(4, False, None, "BF16"), "keep"),
        ("single", Grid(4, False, 32, "F32"), f"Q4_0({FIT})"),
        ("stacked", Grid(4, False, 32, "BF16"), f"Q4_0({FIT})"),
    ],
)
def test_each_grid_and_the_type_that_holds_it(found, name, grid, type_):
    each = found[name]
    assert (each.grid, each.type, each.why, each.runs) == (grid, type_, "", ())
    rows = 100 if each.exact else 8
    assert (each.rows, each.certified) == (rows, each.blocks)
    assert each.blocks == rows * (each.shape[-1] // (grid.group or each.shape[-1]))
    if grid.scale == "BF16" and type_ != "keep":
        assert each.counts == BlockCounts(each.counts.blocks, each.counts.blocks)
        assert each.counts.blocks == rows * each.shape[-1] // (256 if type_.startswith("T") else 32)


def test_f16_scales_lack_some_that_are_float32(model):
    counts = looked(model, exact=True)["single"].counts
    assert counts.blocks == 1600
    assert 0.93 < counts.certified / 1600 < 1
    assert counts.certified + counts.near == 1600


def test_what_is_on_no_grid_says_why(found):
    assert {name: (found[name].grid, found[name].why) for name in ("plain", "zeros")} == {
        "plain": (None, "on no grid"),
        "zeros": (None, "all zeros"),
    }
    assert "vector" not in found


def test_grids_along_columns_are_seen_and_held_by_no_type(found):
    assert found["columns"].grid == Grid(4, False, None, "BF16", "column")
    assert (found["columns"].type, found["columns"].exact) == ("keep", False)


def test_the_same_again_and_with_any_number_of_threads(model):
    assert qrecipe.inspect_grid(model, threads=1) == qrecipe.inspect_grid(model, threads=3)


def mixed(random):
    two, four = on_grid(random, 77, 512, 512, 2), on_grid(random, 123, 512, 32, 8)
    one_off = on_grid(random, 200, 512, 512, 8)
    one_off[103] = plain(random, 512)
    half = np.concatenate([on_grid(random, 77, 512, 512, 8), plain(random, 123, 512)])
    return {"widths": np.concatenate([two, four]), "half": half, "one": one_off}


FOUR, ROWS = Grid(4, False, 32, "BF16"), Grid(4, False, None, "BF16")


def test_mixed_tensors_say_where_the_grid_changes(tmp_path):
    tensors = {f"blk.0.{name}.weight": rows for name, rows in mixed(np.random.default_rng(3)).items()}
    path = write(tmp_path / "mixed.gguf", tensors)
    sampled, exact = looked(path), looked(path, exact=True)
    two = Grid(2, False, None, "BF16")
    assert sampled["widths"].runs == (GridRun(0, two), GridRun(85, FOUR))
    assert exact["widths"].runs == (GridRun(0, two), GridRun(77, FOUR))
    assert (exact["widths"].grid, exact["widths"].type) == (FOUR, "Q4_0(fit=lattice)")
    assert exact["half"].runs == (GridRun(0, ROWS), GridRun(77, None))
    assert (exact["half"].grid, exact["half"].why, exact["half"].type) == (None, "on a grid in part", "keep")
    assert sampled["one"].runs == ()
    assert exact["one"].runs == (GridRun(0, ROWS), GridRun(103, None), GridRun(104, ROWS))
    assert (exact["one"].blocks, exact["one"].certified) == (200, 199)


def test_values_that_are_not_finite_are_told_with_their_place(tmp_path):
    random = np.random.default_rng(3)
    last, hidden = on_grid(random, 50, 512, 32, 8), on_grid(random, 50, 512, 32, 8)
    last[49, 7], hidden[20, 3] = np.nan, -np.inf
    path = write(tmp_path / "nan.gguf", {"blk.0.last.weight": last, "blk.0.hidden.weight": hidden})
    assert looked(path)["last"].why == "row 49, column 7 is nan"
    assert looked(path)["hidden"].grid == FOUR
    exact = looked(path, exact=True)["hidden"]
    assert (exact.grid, exact.why, exact.type) == (None, "row 20, column 3 is -inf", "keep")


def test_exact_reads_within_the_memory_that_is_allowed(model):
    events = []
    qrecipe.inspect_grid(model, exact=True, memory=1 << 30, on_event=events.append)
    assert [event.tensors for event in events if hasattr(event, "tensors")] == [13, 10]


RECIPE = """\
# Types follow from the grids that a few rows of each matrix are on; `qrecipe inspect --grid` shows them,
# with --exact from all rows. Protected tensors stay as they are. The build says how many blocks are
# certified; lattice(else=error) in place of lattice stops it where one is not.
[[rules]]
match = "token_embd.weight"
type  = "TQ2_0(scale=negative, fit=lattice)"
why   = "2 bits, a BF16 scale for each row"
[[rules]]
match = "blk.*.attn_q"
type  = "keep"
why   = "on no grid"
[[rules]]
match = "blk.{{0..1},3}.ffn_up"
type  = "TQ2_0(fit=lattice)"
why   = "-1 to 1, a BF16 scale for each row"
[[rules]]
match = "**"
type  = "Q4_0(fit=lattice)"
why   = "4 bits, a BF16 scale for 32 columns"
"""


def test_the_recipe_that_follows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(9)
    tensors = {"token_embd.weight": on_grid(random, 64, 256, 256, 2), "output_norm.weight": np.ones(256)}
    for block in range(4):
        tensors[f"blk.{block}.attn_q.weight"] = plain(random, 32, 256)
        tensors[f"blk.{block}.attn_v.weight"] = on_grid(random, 32, 256, 32, 8)
        up = on_grid(random, 32, 256, 32, 8) if block == 2 else on_grid(random, 32, 256, 256, 2, least=-1)
        tensors[f"blk.{block}.ffn_up.weight"] = up
    write("qat.gguf", tensors)
    text = qrecipe.new_recipe("qat.gguf", output="new.toml", from_grid=True)
    assert RECIPE in text
    assert qrecipe.check("new.toml") == ()
    built = qrecipe.build("new.toml", output="out").built[0]
    total = sum(built.counts.values(), BlockCounts())
    assert total.blocks == total.certified > 0
    assert len(built.counts) == 9


def test_a_recipe_where_nothing_is_on_a_grid(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("plain.gguf", {"token_embd.weight": plain(RANDOM, 64, 256), "blk.0.attn_q.weight": plain(RANDOM, 64, 256)})
    text = qrecipe.new_recipe("plain.gguf", output="new.toml", from_grid=True)
    assert text.count("[[rules]]") == 1
    assert 'match = "**"\ntype  = "keep"\nwhy   = "on no grid"\n' in text
    assert qrecipe.check("new.toml") == ()
