"""fit=lattice: held against every F16 scale there is, and against ggml's decoder and encoder."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.codecs.lattice.arrays import grid_arrays
from qrecipe.codecs.lattice.fit import LATTICE
from qrecipe.codecs.lattice.many import NEAR
from qrecipe.types.format import BlockCounts, Call, Fitted, TypeUse
from tests.codecs.qat import bf16, blocks, codes, scales, ternary

BY_NAME = {format_.name: format_ for format_ in GGML_FORMATS}
FIT = ("fit", Call("lattice"))
STRICT = ("fit", Call("lattice", (("else", "error"),)))
Q4_0 = TypeUse(BY_NAME["Q4_0"], (FIT,))
NEGATIVE = TypeUse(BY_NAME["TQ2_0"], (("scale", "negative"), FIT))
SYMMETRIC = TypeUse(BY_NAME["TQ2_0"], (FIT,))
Q5_0, Q8_0, TQ1_0 = (TypeUse(BY_NAME[name], (FIT,)) for name in ("Q5_0", "Q8_0", "TQ1_0"))
MULTIPLES = {
    Q4_0: range(-8, 8),
    NEGATIVE: range(-1, 3),
    SYMMETRIC: range(-1, 2),
    TQ1_0: range(-1, 2),
    Q5_0: range(-16, 16),
    Q8_0: range(-128, 128),
}
ORDINARY = bf16(np.random.default_rng(3).normal(size=(64, 256)) * 0.02)


def encode(use, rows):
    return LATTICE.encode(use, np.ascontiguousarray(rows, np.float32), None)


def decoded(use, fitted, cols):
    return bf16(use.format.decode(fitted.data, cols))


@cache
def every_scale():
    """Return every F16 number but 0, both signs."""
    positive = np.arange(1, 0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    return np.concatenate([-positive, positive])


def exists(use, block):
    """Say whether some scale has each weight among its products: all are tried, with four codes about the quotient."""
    left, multiples = every_scale(), MULTIPLES[use]
    for weight in np.unique(block + 0.0):
        quotients = np.floor(weight / left.astype(np.float64))
        hit = np.zeros(len(left), bool)
        for beside in (-1, 0, 1, 2):
            q = quotients + beside
            allowed = (q >= multiples[0]) & (q <= multiples[-1])
            hit |= allowed & (bf16(left * np.where(allowed, q, 0).astype(np.float32)) == weight)
        left = left[hit]
    return bool(len(left))


def nudged(random, block):
    """Move one weight by one step of BF16, up or down."""
    moved = block.copy()
    bits = moved.reshape(-1).view(np.uint32)
    place = random.choice(np.flatnonzero(bits & 0x7FFFFFFF))
    bits[place] = int(bits[place]) + random.choice([0x10000, -0x10000])
    return moved


def candidates(use):
    """Yield blocks on grids, off them by one step, and with few values that are on none; for `use`'s block."""
    random = np.random.default_rng(11)
    low, high = {4: (-2, 2), 3: (-2, 2), 16: (-8, 8)}.get(len(MULTIPLES[use]), (MULTIPLES[use][0], MULTIPLES[use][-1]))
    size = use.format.block
    for between in ((1e-4, 1e-1), (5e-6, 1e-4), (5e-8, 5e-6), (10, 3e4)):
        s = scales(random, 12, *between)
        grid = bf16(np.where(np.arange(12)[:, None] % 3, s, bf16(s)) * codes(random, 12, size, low, high))
        grid[6:] = np.where(
            np.abs(grid[6:]) == np.abs(grid[6:]).max(axis=1, keepdims=True), -np.abs(grid[6:]), grid[6:]
        )
        yield from grid
        yield from (nudged(random, block) for block in grid if block.any())
    for count in (1, 2, 3, 5, 8):
        for _ in range(4):
            yield bf16(random.choice(random.normal(size=count) * 0.1, size))


@pytest.mark.parametrize("use", MULTIPLES, ids=str)
def test_a_block_is_certified_exactly_if_some_scale_gives_it_back(use):
    outcomes = set()
    for block in candidates(use):
        fitted = encode(use, block[None])
        certified = fitted.counts.certified == 1
        assert certified == exists(use, block), block.tolist()
        assert certified == bool((decoded(use, fitted, block.size) == block).all())
        outcomes.add(certified)
    assert outcomes == {True, False}


@pytest.mark.parametrize(
    ("use", "rows"),
    [
        (Q4_0, blocks(np.random.default_rng(1), 4000, (2.0**-17, 8000)).reshape(-1, 64)),
        (NEGATIVE, ternary(np.random.default_rng(1), 500)),
        (SYMMETRIC, ternary(np.random.default_rng(1), 500, -1, 1)),
        (TQ1_0, ternary(np.random.default_rng(1), 500, -1, 1)),
        (Q5_0, blocks(np.random.default_rng(1), 2000, (2.0**-17, 4000), half=16).reshape(-1, 64)),
        (Q8_0, blocks(np.random.default_rng(1), 2000, (2.0**-17, 500), half=128).reshape(-1, 64)),
    ],
    ids=["Q4_0", "negative", "symmetric", "TQ1_0", "Q5_0", "Q8_0"],
)
def test_ggml_gives_weights_on_the_grid_back_bit_for_bit(use, rows):
    fitted = encode(use, rows)
    n = rows.size // use.format.block
    assert fitted.counts == BlockCounts(n, n)
    assert (decoded(use, fitted, rows.shape[1]) == rows).all()


@pytest.mark.parametrize(
    ("use", "args"),
    [(Q4_0, ()), (NEGATIVE, (("scale", "negative"),)), (SYMMETRIC, ()), (TQ1_0, ()), (Q5_0, ()), (Q8_0, ())],
    ids=str,
)
def test_ordinary_weights_get_the_bytes_of_rtn(use, args):
    expected = use.format.encode(ORDINARY, args, None)
    assert encode(use, ORDINARY) == Fitted(expected, BlockCounts(ORDINARY.size // use.format.block))


def test_each_block_for_itself():
    grid = blocks(np.random.default_rng(2), 300, (1e-4, 1e-1), rounded=False)
    rows = np.concatenate([grid, ORDINARY.reshape(-1, 32)[:300]])
    rows = rows[np.random.default_rng(5).permutation(600)].reshape(-1, 64)
    whole = encode(Q4_0, rows)
    single = [encode(Q4_0, row[None]) for row in rows]
    assert whole.data == b"".join(fitted.data for fitted in single)
    assert whole.counts == sum((fitted.counts for fitted in single), BlockCounts())
    assert 290 < whole.counts.certified < 300
    assert whole.counts.certified + whole.counts.near == 300


def test_many_blocks_are_the_same_as_few():
    rows = blocks(np.random.default_rng(4), 5000, (1e-4, 1e-1), rounded=False).reshape(-1, 160)
    parts = [encode(Q4_0, rows[i : i + 7]).data for i in range(0, len(rows), 7)]
    assert encode(Q4_0, rows).data == b"".join(parts)


def test_threads_at_once_give_the_same_bytes():
    rows = blocks(np.random.default_rng(6), 6000, (1e-4, 1e-1), rounded=False).reshape(-1, 64)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: encode(Q4_0, rows), range(8)))
    assert set(found) == {encode(Q4_0, rows)}


@pytest.mark.parametrize("use", MULTIPLES, ids=str)
def test_zeros_of_either_sign_are_certified_with_the_scale_zero(use):
    row = np.zeros((1, 256), np.float32)
    row[0, ::3] = -0.0
    fitted = encode(use, row)
    assert fitted.counts.certified == fitted.counts.blocks > 0
    assert not use.format.decode(fitted.data, 256).any()
    where = {NEGATIVE: slice(64, 66), SYMMETRIC: slice(64, 66), TQ1_0: slice(52, 54)}.get(use, slice(0, 2))
    assert fitted.data[where] == bytes(2)


def one(values, size=32):
    row = np.zeros((1, size), np.float32)
    row[0, : len(values)] = values
    return row


@pytest.mark.parametrize(
    ("use", "values", "scale"),
    [
        (Q4_0, (-8, 7, 1), 1),
        (Q4_0, (8, 7, 1), -1),
        (Q4_0, (-8, -7, 1), 1),
        (Q4_0, (8, -8, 7), None),
        (Q4_0, (8, -8), 8),
        (Q4_0, (6, -6, 2), 2),
        (NEGATIVE, (-2, 1), -1),
        (NEGATIVE, (2, 1), 1),
        (NEGATIVE, (2, -2, 1), None),
        (NEGATIVE, (2, -2), -2),
        (SYMMETRIC, (2, -2), 2),
        (SYMMETRIC, (-2, 1), None),
        (TQ1_0, (2, -2), 2),
        (TQ1_0, (-2, 1), None),
        (Q5_0, (-16, 15, 1), 1),
        (Q5_0, (16, 15, 1), -1),
        (Q5_0, (16, -16, 1), None),
        (Q8_0, (-128, 127, 1), 1),
        (Q8_0, (128, 127, 1), -1),
        (Q8_0, (128, -128, 1), None),
        (Q8_0, (-129, 1), None),
    ],
)
def test_only_one_sign_can_have_the_last_code_and_it_decides_the_scales(use, values, scale):
    fitted = encode(use, one(values, use.format.block))
    assert fitted.counts.certified == (scale is not None)
    stored = fitted.data[-2:] if use.format.block == 256 else fitted.data[:2]
    assert scale is None or np.frombuffer(stored, "<f2")[0] == scale


def test_of_several_scales_the_one_that_bf16_holds():
    s = np.float32(0.0128173828125)  # 0x3C52: BF16 holds it
    fitted = encode(Q4_0, bf16(s * codes(np.random.default_rng(1), 50, 32, -7, 7)))
    grids = np.frombuffer(fitted.data, np.uint8).reshape(-1, 18)[:, :2].copy().view("<f2").astype(np.float32)
    assert set((grids / s).ravel().tolist()) <= {1, 2, 3}


@pytest.mark.parametrize(
    ("values", "certified", "near"),
    [
        ((1.0009765625 * 7, -1.0009765625 * 5, 1.0009765625), 1, 0),  # what a Q4_0 decodes to, in F32
        ((1.0009765625 * 7, -1.0009765625 * 5, 1.001), 0, 0),
        ((1.0009765625 * 7, 1.0078125 * 5), 0, 0),
        ((1e-40, 2e-40), 0, 0),
        ((1, 1e-40), 0, 0),
        ((2.0**-24, -(2.0**-22)), 1, 0),
        ((65504.0 * 7, 65504.0), 1, 0),
        (bf16((7, 3 * (1 + 2**-7))), 0, 1),
        (bf16((7, 3 * (1 + 2**-5))), 0, 0),
    ],
)
def test_weights_at_the_ends(values, certified, near):
    fitted = encode(Q4_0, one(values))
    assert fitted.counts == BlockCounts(1, certified, near)


@pytest.mark.parametrize("least", [1e-4, 1e-6])
def test_a_block_near_a_grid_has_no_weight_more_than_one_step_off(least):
    rows = blocks(np.random.default_rng(8), 20_000, (least, 1e-1), rounded=False)
    rows = rows[[encode(Q4_0, row[None]).counts != BlockCounts(1) for row in rows]]
    fitted = encode(Q4_0, rows)
    back = decoded(Q4_0, fitted, 32)
    steps = np.abs((back.view(np.int32) >> 16) - (rows.view(np.int32) >> 16))
    steps[(back == 0) & (rows == 0)] = 0
    assert steps.max() == 1
    assert int((steps.max(axis=1) == 1).sum()) == fitted.counts.near > 100
    assert (steps == 0).mean() > (0.999 if least == 1e-4 else 0.94)


@pytest.mark.parametrize(
    ("between", "rounded", "certified", "weights"),
    [
        ((6e-5, 1e-1), True, 1, 1),
        ((2.0**-17, 1.1e-5), True, 1, 1),
        ((0.9e-6, 1.1e-6), True, 0.10, 0.30),
        ((1e-4, 1e-1), False, 0.989, 0.9994),
        ((5.5e-5, 6.5e-5), False, 0.948, 0.992),
        ((0.9e-5, 1.1e-5), False, 0.56, 0.94),
        ((0.9e-6, 1.1e-6), False, 0.075, 0.30),
    ],
)
def test_the_shares_that_f16_allows(between, rounded, certified, weights):
    """Of 40,000 blocks; what BF16 scales above 2^-17 have is no matter of chance."""
    rows = blocks(np.random.default_rng(7), 40_000, between, rounded=rounded)
    fitted = encode(Q4_0, rows)
    share, same = fitted.counts.certified / 40_000, (decoded(Q4_0, fitted, 32) == rows).mean()
    assert (share, same) == (certified, weights) if certified == 1 else abs(share - certified) < 0.01
    assert abs(same - weights) < (0.0002 if weights > 0.999 else 0.01)


@pytest.mark.parametrize(
    ("use", "between", "certified", "weights"),
    [
        (Q5_0, (1e-4, 1e-1), 0.959, 0.9975),
        (Q5_0, (0.9e-5, 1.1e-5), 0.358, 0.885),
        (Q8_0, (1e-4, 1e-1), 0.685, 0.9825),
        (Q8_0, (0.9e-5, 1.1e-5), 0.076, 0.7625),
    ],
)
def test_the_shares_of_finer_grids_with_float32_scales(use, between, certified, weights):
    rows = blocks(np.random.default_rng(7), 4000, between, rounded=False, half=-MULTIPLES[use][0])
    fitted = encode(use, rows)
    assert abs(fitted.counts.certified / 4000 - certified) < 0.01
    assert fitted.counts.certified + fitted.counts.near > 3990
    assert abs((decoded(use, fitted, 32) == rows).mean() - weights) < 0.005


def test_both_searches_say_the_same_of_grids_that_both_know():
    random = np.random.default_rng(13)
    rows = np.concatenate([blocks(random, 3000, (1e-6, 1e-1), rounded=False), ORDINARY.reshape(-1, 32)])
    fitted = encode(Q4_0, rows)
    found = grid_arrays(rows, 4, group=32, scale="F16")
    assert int(found.certified.sum()) == fitted.counts.certified
    assert int((found.kinds == NEAR).sum()) == fitted.counts.near > 50
    back = bf16(found.scales * found.codes.astype(np.float32))
    assert (back == rows)[found.certified[:, 0]].all()


def test_only_certified_blocks_where_that_is_asked_for():
    strict = TypeUse(BY_NAME["Q4_0"], (STRICT,))
    grid = blocks(np.random.default_rng(9), 3000, (1e-4, 1e-1))
    assert encode(strict, grid) == encode(Q4_0, grid)
    broken = grid.copy()
    broken[[1500, 2900]] = ORDINARY.reshape(-1, 32)[:2]
    assert encode(strict, broken) == Fitted(b"", BlockCounts(3000, 2998), refused=1500)


@pytest.mark.parametrize(
    ("type_", "why"),
    [
        ("Q4_0", None),
        ("TQ2_0", None),
        ("Q5_0", None),
        ("Q8_0", None),
        ("TQ1_0", None),
        (
            "Q4_1",
            "the grids that lattice recovers are those of Q4_0, Q5_0, Q8_0, TQ1_0, TQ2_0 and int2 to int8, not of Q4_1",
        ),
        (
            "Q4_K",
            "the grids that lattice recovers are those of Q4_0, Q5_0, Q8_0, TQ1_0, TQ2_0 and int2 to int8, not of Q4_K",
        ),
    ],
)
def test_types_without_such_a_grid_are_refused(type_, why):
    assert LATTICE.refuses(TypeUse(BY_NAME[type_], (FIT,))) == why


def test_arrays_that_cannot_be_written_to_are_taken():
    rows = blocks(np.random.default_rng(1), 4, (1e-4, 1e-1))
    fixed = rows.copy()
    fixed.setflags(write=False)
    assert LATTICE.encode(Q4_0, fixed, None) == encode(Q4_0, rows)


WITHOUT_CACHE = {
    "no folder": "import numba.core.caching as c\ndef no(self): raise OSError(30, 'read-only')\n"
    "c._CacheLocator.ensure_cache_path = no",
    "a full disk": "import numba.core.caching as c\ndef no(self, name, data): raise OSError(28, 'full')\n"
    "c.IndexDataCacheFile._save_data = no",
    "cut short": "",
}


@pytest.mark.slow
@pytest.mark.parametrize("trouble", WITHOUT_CACHE)
def test_without_a_cache_it_is_compiled_in_memory(tmp_path, trouble):
    script = (
        "import numpy as np\nfrom tests.codecs.test_lattice import Q4_0, encode\n"
        "print(encode(Q4_0, np.arange(32, dtype=np.float32)[None] // 4).counts)"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}

    def run(before):
        words = [sys.executable, "-c", f"{before}\n{script}"]
        return subprocess.run(words, capture_output=True, text=True, env=environment)

    if trouble == "cut short":
        assert run("").returncode == 0
        for file in tmp_path.rglob("*.nb?"):
            os.truncate(file, file.stat().st_size // 2)
    done = run(WITHOUT_CACHE[trouble])
    assert done.stdout == "BlockCounts(blocks=1, certified=1, near=0)\n", done.stderr
    assert (list(tmp_path.rglob("*.nbc")) != []) == (trouble == "cut short")
