"""Codes and scales as arrays: integers of 2 to 8 bits, for rows and groups, with scales of three types."""

import numpy as np
import pytest

from qrecipe.codecs.lattice.arrays import grid_arrays
from qrecipe.codecs.lattice.many import CERTIFIED
from tests.codecs.qat import bf16

TYPES = ("BF16", "F16", "F32")


def rounded(values, scale):
    """Round to a type of scales, in float32."""
    if scale == "BF16":
        return bf16(values)
    return np.asarray(values, np.float16 if scale == "F16" else np.float32).astype(np.float32)


def grid(random, n, cols, group, width, scale, between=(1e-4, 1e-1)):
    """Rows w = bf16(s * q) with uniform q and a scale of that type for each group."""
    half = 1 << (width - 1)
    s = rounded(np.exp(random.uniform(*np.log(between), (n, cols // group, 1))), scale)
    q = random.integers(-half, half, (n, cols // group, group)).astype(np.float32)
    return bf16(s * q).reshape(n, cols)


def back(found, cols):
    products = found.scales[:, :, None] * found.codes.reshape(*found.scales.shape, -1).astype(np.float32)
    return bf16(products).reshape(-1, cols)


@pytest.mark.parametrize("scale", TYPES)
@pytest.mark.parametrize("width", [2, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("group", [None, 32, 128])
def test_a_grid_is_found_again(width, group, scale):
    rows = grid(np.random.default_rng(width), 6, 384, group or 384, width, scale)
    found = grid_arrays(rows, width, group=group, scale=scale)
    assert found.codes.shape == rows.shape
    assert found.scales.shape == found.kinds.shape == (6, 384 // (group or 384))
    assert found.certified.all()
    assert (back(found, 384) == rows).all()
    assert (rounded(found.scales, scale) == found.scales).all()


def exists(block, half, scale):
    """Say whether a scale of that type gives a block, by trying every one in reach, and the four codes about it."""
    largest = np.abs(block).max()
    reach = np.array([largest / half / 1.02, largest * 1.02], np.float32)
    every = np.arange(0x7C00, dtype=np.uint16).view(np.float16) if scale == "F16" else np.arange(0x7F80) << 16
    positive = every.astype(np.float32) if scale == "F16" else every.astype(np.uint32).view(np.float32)
    positive = positive[(positive > 0) & (positive >= reach[0]) & (positive <= reach[1])]
    left = np.concatenate([positive, -positive])
    for weight in np.unique(block + 0.0):
        quotients = np.floor(weight / left.astype(np.float64))
        hit = np.zeros(len(left), bool)
        for beside in (-1, 0, 1, 2):
            q = np.clip(quotients + beside, -half, half - 1)
            hit |= bf16(left * q.astype(np.float32)) == weight
        left = left[hit]
    return bool(len(left))


def spoiled(random, rows):
    """Move one weight of every row by one step of BF16."""
    moved = rows.copy()
    for row in moved.view(np.uint32):
        place = random.choice(np.flatnonzero(row & 0x7FFFFFFF))
        row[place] = int(row[place]) + random.choice([0x10000, -0x10000])
    return moved


@pytest.mark.parametrize("scale", ["BF16", "F16"])
@pytest.mark.parametrize("width", [2, 4, 5, 8])
@pytest.mark.parametrize("cols", [24, 300])
def test_a_block_is_certified_exactly_if_some_scale_gives_it_back(width, scale, cols):
    random = np.random.default_rng(width * cols)
    ranges = ((1e-4, 1e-1), (1e-6, 1e-4), (10, 400))
    for between in ranges:
        rows = grid(random, 12, cols, cols, width, "F32" if width < 8 else "F16", between)
        rows = np.concatenate([rows, spoiled(random, rows), bf16(np.sqrt(np.abs(rows)))])
        found = grid_arrays(rows, width, scale=scale)
        expected = [exists(row, 1 << (width - 1), scale) for row in rows]
        assert found.certified[:, 0].tolist() == expected
        assert ((back(found, cols) == rows).all(axis=1) == expected).all()


def overlap(block, half):
    """Return how many magnitudes one real scale gives at most: each gives an interval for each |q|."""
    magnitudes = np.unique(np.abs(block[block != 0])).view(np.uint32).astype(np.int64)
    low, high = ((magnitudes + off).astype(np.uint32).view(np.float32).astype(np.float64) for off in (-0x8000, 0x8000))
    q = np.arange(1, half)[:, None]
    edges = np.concatenate([(low / q).ravel(), (high / q).ravel()])
    rises = np.repeat([1, -1], low.size * len(q))
    order = np.lexsort((rises, edges))
    return int(np.cumsum(rises[order]).max()), len(magnitudes)


@pytest.mark.parametrize("width", [4, 8])
def test_float32_scales_are_found_wherever_a_real_one_exists(width):
    random = np.random.default_rng(width)
    outcomes = set()
    rows = grid(random, 100, 40, 40, width, "F32")
    for row in np.concatenate([rows, spoiled(random, rows)]):
        most, all_ = overlap(row, 1 << (width - 1))
        found = grid_arrays(row[None], width, symmetric=True)
        assert bool(found.certified.all()) == (most == all_)
        outcomes.add(most == all_)
    assert outcomes == {True, False}


def test_symmetric_grids_lack_the_last_code():
    row = np.array([[-2, 1, 0, 1]], np.float32)
    assert grid_arrays(row, 2).codes.tolist() == [[-2, 1, 0, 1]]
    assert grid_arrays(-row, 2).scales.tolist() == [[-1]]
    assert grid_arrays(row, 2, symmetric=True).kinds.tolist() == [[0]]
    assert grid_arrays(row, 2, symmetric=True).codes.tolist() == [[0, 0, 0, 0]]


def test_scales_have_few_bits_where_they_may():
    random = np.random.default_rng(3)
    rows = grid(random, 40, 512, 512, 4, "BF16")
    scales = grid_arrays(rows, 4).scales
    assert (bf16(scales) == scales).all()


def test_float32_weights_are_certified_only_by_the_product_itself():
    q = np.array([[7, -5, 1, 3]], np.float32)
    s = np.float32(1.0009765625)
    found = grid_arrays(q * s, 4, scale="F16")
    assert (found.scales, found.codes.tolist()) == (s, q.tolist())
    third = np.float32(1 / 3)
    assert grid_arrays(q * third, 4, scale="F32").scales == third
    assert grid_arrays(q * third, 4, scale="F16").kinds.tolist() == [[0]]
    assert grid_arrays(np.nextafter(q * third, np.float32(9)), 4).kinds.tolist() == [[0]]


def test_values_that_are_on_no_grid():
    rows = np.array([[1, 1e-40], [np.inf, 1], [0, -0.0], [3e38, 1e38]], np.float32)
    found = grid_arrays(rows, 8)
    assert found.kinds[:3, 0].tolist() == [0, 0, CERTIFIED]
    assert not found.scales[:3].any()


@pytest.mark.parametrize(("width", "group"), [(1, None), (9, None), (4, 3)])
def test_grids_that_there_are_not(width, group):
    with pytest.raises(ValueError, match="no grid of"):
        grid_arrays(np.zeros((2, 4), np.float32), width, group=group)
