"""How tensors are cut into pieces: whole rows of one matrix, nearly equal, by the shape alone; and their digests."""

import hashlib
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecipe.types.piece import WEIGHTS, pieces, tensor_digest


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), [(0, 1)]),
        ((10,), [(0, 1)]),
        ((10, 1024), [(0, 10)]),
        ((2048, 1024), [(0, 2048)]),
        ((2049, 1024), [(0, 1024), (1024, 2049)]),
        ((9000, 256), [(0, 4500), (4500, 9000)]),
        ((5000, 1024), [(0, 1666), (1666, 3333), (3333, 5000)]),
        ((3, 4, 256), [(0, 4), (4, 8), (8, 12)]),
        ((2, 2, 4, 256), [(0, 4), (4, 8), (8, 12), (12, 16)]),
        ((1, 1, 4, 256), [(0, 4)]),
        ((2, WEIGHTS), [(0, 1), (1, 2)]),
        ((3, 5 * WEIGHTS), [(0, 1), (1, 2), (2, 3)]),
        ((3, WEIGHTS - 1), [(0, 1), (1, 2), (2, 3)]),
    ],
)
def test_pieces(shape: tuple[int, ...], expected: list[tuple[int, int]]):
    assert list(pieces(shape)) == expected


@given(st.lists(st.integers(1, 9), max_size=2), st.integers(1, 70_000), st.integers(1, 4096))
def test_pieces_are_whole_rows_in_order_near_the_wanted_size(outer: list[int], rows: int, cols: int):
    cut = list(pieces((*outer, rows, cols)))
    assert [start for start, _ in cut] == [0, *(stop for _, stop in cut[:-1])]
    assert cut[-1][1] == prod(outer) * rows
    assert all(start // rows == (stop - 1) // rows for start, stop in cut)  # within one matrix
    sizes = {stop - start for start, stop in cut}
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) * cols <= WEIGHTS + cols


def test_the_digest_of_a_tensor_is_that_of_its_pieces_digests():
    first, second = hashlib.sha256(b"one").digest(), hashlib.sha256(b"two").digest()
    assert tensor_digest([first, second]) == hashlib.sha256(first + second).digest()
