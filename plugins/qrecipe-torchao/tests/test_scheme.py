"""What schemes promise to fits, writers and readers, whatever the store."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from qrecipe.errors import BuildError

from qrecipe_torchao.float8 import Float8
from qrecipe_torchao.int4 import Int4
from qrecipe_torchao.int8 import Int8
from qrecipe_torchao.intx import Intx
from qrecipe_torchao.scheme import TorchaoScheme

COLS = 256
STORES = [
    Intx(2, 32, "BF16", "BF16"),
    Intx(4, 32, "F32", "BF16"),
    Intx(6, 16, "F16", "F16"),
    Intx(8, None, "F32", "F32", dynamic=True),
    Int8(64, "F32", "BF16"),
    Int8(None, "F16", "BF16"),
    Float8("BF16"),
    Int4(32),
    Int4(128, dynamic=True),
    Int4(64, symmetric=True),
]


OVERFLOWS = [
    (Intx(4, 32, "F16", "F16"), 70000.0),
    (Intx(4, 32, "F16", "BF16"), 1e6),
    (Float8("F16"), 1e6),
    (Int4(32), 3.4e38),
    (Int8(None, "F32", "F16"), 70000.0),
]


def rows(n=5, seed=2):
    return np.random.default_rng(seed).normal(0, 0.05, (n, COLS)).astype(np.float32)


@pytest.mark.parametrize("store", STORES, ids=repr)
def test_records_have_the_size_that_arrays_and_nbytes_say(store):
    scheme = TorchaoScheme(store)
    records = scheme.encode(rows(), (), None)
    assert len(records) == scheme.nbytes((5, COLS), ()) == sum(each.nbytes for each in scheme.arrays(5, COLS))
    assert sum(each.row_bytes for each in scheme.arrays(5, COLS)) == scheme.nbytes((1, COLS), ())


@pytest.mark.parametrize("store", STORES, ids=repr)
def test_decoding_is_near_and_encoding_it_again_changes_little(store):
    scheme = TorchaoScheme(store)
    decoded = scheme.decode(scheme.encode(rows(), (), None), COLS)
    assert decoded.dtype == np.float32
    levels = 4 if store.width is None else min(store.width, 6)
    assert np.abs(decoded - rows()).max() < 0.4 / (1 << (levels - 1))


@pytest.mark.parametrize("store", [each for each in STORES if TorchaoScheme(each).grid], ids=repr)
@given(data=st.data())
def test_joining_undoes_parting(store, data):
    scheme = TorchaoScheme(store)
    grid, groups = scheme.grid, 1 if store.group is None else COLS // store.group
    codes = data.draw(arrays(np.int8, (3, COLS), elements=st.integers(grid.low, grid.high)))
    scales = data.draw(arrays(np.float32, (3, groups), elements=st.integers(-64, 64).map(lambda n: n / 16)))
    records = scheme.joined(codes, scales)
    assert len(records) == scheme.nbytes((3, COLS), ())
    found = scheme.parted(records, COLS)
    assert np.array_equal(found[0], codes)
    assert np.array_equal(found[1], scales)
    expected = codes.reshape(3, groups, -1).astype(np.float32) * scales[..., None]
    assert np.array_equal(scheme.decode(records, COLS), expected.reshape(3, COLS))


def test_joining_rounds_scales_to_what_is_stored():
    scheme = TorchaoScheme(Intx(4, 32, "BF16", "BF16"))
    codes, scales = np.ones((1, 32), np.int8), np.array([[1 + 2**-8 + 2**-12]], np.float32)
    assert scheme.parted(scheme.joined(codes, scales), 32)[1].tolist() == [[1 + 2**-7]]


def test_no_grid_holds_e4m3():
    assert TorchaoScheme(Float8("BF16")).grid is None


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((4, 96), None),
        ((4, 100), "100 columns are no multiple of 32, its group"),
        ((0, 32), "a matrix has rows and columns, not [0, 32]"),
        ((2, 4, 32), "a matrix has rows and columns, not [2, 4, 32]"),
    ],
)
def test_shapes_that_no_class_has_are_refused(shape, why):
    assert TorchaoScheme(Intx(4, 32, "BF16", "BF16")).refuses(shape, ()) == why


def test_weights_whose_scale_overflows_stop_the_build():
    for store, value in OVERFLOWS:
        weights = np.tile(np.array([value, -value], np.float32), (1, 128))
        with pytest.raises(BuildError) as caught:
            TorchaoScheme(store).encode(weights, (), None)
        assert str(caught.value) == (
            f"error: some of these weights are so large that their scale is infinite as {store.scale}\n"
            "why: torchao chooses scales in the dtype that the model computes in, and they are stored so\n"
            'fix: set dtype = "float32" on the target, or keep this tensor'
        )


def test_the_bits_of_a_weight_have_their_part_of_the_scale():
    assert TorchaoScheme(Intx(4, 32, "BF16", "BF16")).bits == 8.75
    assert TorchaoScheme(Int4(128)).bits == 4.25
    assert TorchaoScheme(Float8("BF16")).bits is None


def test_columns_and_rows_are_read_off_the_codes():
    class Stored:
        shape = (6, 64)

    def read(suffix):
        raise AssertionError(suffix)

    held = {"._weight_qdata": Stored()}
    assert TorchaoScheme(Int4(32)).shape_of(held, read) == (6, 128)
    assert TorchaoScheme(Float8("BF16")).shape_of(held, read) == (6, 64)
    Stored.shape = (6, 64, 2)
    with pytest.raises(ValueError, match="its codes have 3 dimensions, not 2"):
        TorchaoScheme(Int4(32)).shape_of(held, read)
