"""The fast pass of fit=lattice decides as the search does, and decides nearly all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecipe.codecs.compiled import machine
from qrecipe.codecs.ggml import negative
from qrecipe.codecs.lattice import compiled, kernel, packing, sift
from qrecipe.codecs.lattice.kernel import CERTIFIED
from qrecipe.codecs.lattice.sift import UNDECIDED
from qrecipe.errors import PluginError
from tests.codecs.hostile import KINDS
from tests.codecs.qat import bf16, blocks, codes, scales, ternary

GRIDS = {(8, 8): 32, (2, 2): 256, (2, 1): 256}
RANDOM = np.random.default_rng(7)


def found(search, rows, grid):
    """Return kinds, scales, and codes of rows of one block each."""
    n = len(rows)
    results = np.empty(n, np.uint8), np.empty(n, np.float32), np.empty(rows.shape, np.uint8)
    search(rows, grid, results)
    return results


def by_search(rows, grid, results):
    compiled.search()((rows, rows.view(np.uint32)), grid, results)


def by_sift(rows, grid, results):
    kinds, scales_, codes_ = results
    compiled.sifter(rows.shape[1])(rows.reshape(-1), grid, (kinds, scales_, codes_.reshape(-1)))


def undecided(rows, grid):
    """Return how many blocks the fast pass leaves, and how many it certifies; what it decides is right."""
    rows = np.ascontiguousarray(rows, np.float32)
    kinds, scales_, codes_ = found(by_search, rows, grid)
    fast = found(by_sift, rows, grid)
    left = fast[0] == UNDECIDED
    assert (fast[0] == kinds)[~left].all()
    assert (fast[1] == scales_)[~left].all()
    on = fast[0] == CERTIFIED
    assert (fast[2] == codes_)[on].all()
    assert not (left & (kinds == CERTIFIED) & (rows.view(np.uint32) & 0xFFFF == 0).all(axis=1)).any()
    return int(left.sum()), int(on.sum())


def moved(rows, share):
    """Move some weights by a step of BF16."""
    bits = rows.view(np.uint32)
    steps = np.where(RANDOM.random(rows.shape) < 0.5, 0x10000, 0xFFFF0000).astype(np.uint32)
    return np.where((RANDOM.random(rows.shape) < share) & (rows != 0), bits + steps, bits).view(np.float32)


ON_GRID = {
    "BF16 scales": ((8, 8), blocks(RANDOM, 20_000, (1e-4, 1e-1))),
    "float32 scales": ((8, 8), blocks(RANDOM, 20_000, (1e-4, 1e-1), rounded=False)),
    "few codes": ((8, 8), bf16(scales(RANDOM, 20_000, 1e-4, 1e-1) * codes(RANDOM, 20_000, 32, -3, 3))),
    "subnormal scales": ((8, 8), blocks(RANDOM, 20_000, (1e-7, 1e-4), rounded=False)),
    "large scales": ((8, 8), blocks(RANDOM, 5000, (1e2, 6e4))),
    "scales at the end of F16": ((2, 2), bf16(scales(RANDOM, 5000, 6e4, 7e4) * codes(RANDOM, 5000, 256, -1, 0))),
    "-2 to 1": ((2, 2), ternary(RANDOM, 2000)),
    "-1 to 1": ((2, 1), ternary(RANDOM, 2000, -1, 1)),
}


@pytest.mark.parametrize("name", ON_GRID)
def test_what_the_fast_pass_decides_on_a_grid_the_search_decides_alike(name):
    grid, rows = ON_GRID[name]
    left, certified = undecided(rows, grid)
    assert left + certified == len(rows)
    assert certified > 0


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("share", [0.01, 0.2])
def test_near_a_grid(grid, share):
    rows = blocks(RANDOM, 4000, (1e-4, 1e-1)) if grid == (8, 8) else ternary(RANDOM, 500, -grid[1], 1)
    left, _ = undecided(moved(bf16(rows), share), grid)
    assert left > 0


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_hostile_kinds(grid, kind):
    rows = KINDS[kind](np.random.default_rng(5), (64, 512)).astype(np.float32).reshape(-1, GRIDS[grid])
    undecided(rows, grid)
    undecided(bf16(rows), grid)


def test_ordinary_weights_are_left_to_no_one():
    assert undecided(bf16(RANDOM.normal(size=(20_000, 32)) * 0.02), (8, 8)) == (0, 0)


@given(st.data())
def test_blocks_of_a_few_values(data):
    grid = data.draw(st.sampled_from(sorted(GRIDS)))
    word = st.integers(0, 0xFFFF).filter(lambda code: code & 0x7F80 != 0x7F80)
    values = data.draw(st.lists(word, min_size=1, max_size=6))
    step = data.draw(st.floats(2.0**-24, 1000, width=16))
    multiples = data.draw(st.lists(st.integers(-grid[0], grid[0]), max_size=6))
    pool = np.concatenate(
        [(np.array(values, np.uint32) << 16).view(np.float32), bf16(np.float32(step) * np.array(multiples, np.float32))]
    )
    seed = data.draw(st.integers(0, 1000))
    undecided(np.random.default_rng(seed).choice(pool, (4, GRIDS[grid])), grid)


SCALES = np.array([0, 2.0**-24, 65504, *RANDOM.normal(size=47)]).astype(np.float16).astype(np.float32)


def test_q4_0_is_packed_as_its_layout_says():
    codes_ = RANDOM.integers(0, 16, (50, 32)).astype(np.uint8)
    halves = SCALES.astype("<f2").view(np.uint8).reshape(-1, 2)
    expected = np.concatenate([halves, codes_[:, :16] | codes_[:, 16:] << 4], axis=1)
    assert packing.pack_q4_0(SCALES, codes_) == expected.tobytes()


def test_tq2_0_is_packed_as_by_numpy():
    codes_ = RANDOM.integers(1, 4, (50, 256)).astype(np.uint8)
    half = SCALES.astype(np.float16)
    assert packing.pack_negative(SCALES, codes_) == negative.pack(half, 3 - codes_)
    assert packing.pack_symmetric(SCALES, codes_) == negative.pack(-half, codes_ - 1)


def test_its_own_kinds_are_those_of_the_search():
    assert (sift.NONE, sift.CERTIFIED) == (kernel.NONE, kernel.CERTIFIED)
    assert kernel.NEAR not in {sift.NONE, sift.CERTIFIED, sift.UNDECIDED}


def test_without_a_compiler_the_fit_says_so(monkeypatch):
    monkeypatch.setattr(machine, "no_compiler", lambda: "NUMBA_DISABLE_JIT is set")
    with pytest.raises(PluginError, match="needs numba"):
        compiled.sifter.__wrapped__(32)
