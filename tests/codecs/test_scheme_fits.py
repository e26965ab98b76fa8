"""Fits for types that are stored as codes and scales, on the toy scheme: what they promise, against plain numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.codecs.builtin import FORMATS
from qrecipe.codecs.fit.mse import MSE
from qrecipe.codecs.fitting import fitted
from qrecipe.codecs.integer.format import INTEGER_FORMATS
from qrecipe.codecs.lattice.fit import LATTICE
from qrecipe.types.format import BlockCounts, Call, TypeUse
from tests.backends.folder.toy import ToyScheme

INT4 = next(each for each in INTEGER_FORMATS if each.name == "int4")


def use(fit: str, *args) -> TypeUse:
    return TypeUse(INT4, (("group", 32), ("fit", Call(fit, args))))


def bf16(values):
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return (((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) << 16).view(np.float32)


def squares(rows, data, scheme):
    return ((rows - scheme.decode(data, rows.shape[1])).astype(np.float64).reshape(-1, 32) ** 2).sum(axis=1)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-6, 0.02, 1.0, 300.0]), st.integers(1, 5), st.integers(1, 4))
def test_no_block_is_worse_with_mse_than_with_rtn(seed, size, rows, groups):
    scheme = ToyScheme(4, 32)
    values = np.random.default_rng(seed).standard_t(4, (rows, 32 * groups)).astype(np.float32) * np.float32(size)
    ours = fitted(use("mse"), scheme, MSE, values, None).data
    plain = scheme.encode(values, (), None)
    assert len(ours) == len(plain) == scheme.nbytes(values.shape, ())
    assert (squares(values, ours, scheme) <= squares(values, plain, scheme)).all()


def test_mse_is_better_on_ordinary_weights():
    scheme = ToyScheme(4, 32)
    values = np.random.default_rng(3).normal(0, 0.02, (64, 256)).astype(np.float32)
    ours = squares(values, fitted(use("mse"), scheme, MSE, values, None).data, scheme).sum()
    assert ours < 0.87 * squares(values, scheme.encode(values, (), None), scheme).sum()


@pytest.mark.parametrize("values", [np.zeros((2, 64)), np.full((1, 32), 1e-45), np.full((1, 32), 3e38)])
def test_hostile_blocks_stay_finite_and_keep_their_size(values):
    scheme, rows = ToyScheme(4, 32), values.astype(np.float32)
    data = fitted(use("mse"), scheme, MSE, rows, None).data
    assert np.isfinite(scheme.decode(data, rows.shape[1])).all()
    assert len(data) == scheme.nbytes(rows.shape, ())


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 4))
def test_lattice_gives_a_grid_back_to_the_bit(seed, rows, groups):
    rng, scheme = np.random.default_rng(seed), ToyScheme(4, 32)
    scales = rng.uniform(1e-4, 0.1, (rows, groups)).astype(np.float32) * rng.choice([-1, 1], (rows, groups))
    codes = rng.integers(-8, 8, (rows, groups, 32))
    values = bf16(codes * scales[:, :, None].astype(np.float32)).reshape(rows, -1)
    found = fitted(use("lattice"), scheme, LATTICE, values, None)
    assert found.counts == BlockCounts(rows * groups, rows * groups)
    assert np.array_equal(bf16(scheme.decode(found.data, values.shape[1])), values)


def test_blocks_on_no_grid_are_encoded_as_rtn_does():
    scheme, rng = ToyScheme(4, 32), np.random.default_rng(5)
    values = bf16(rng.normal(0, 0.02, (4, 64)).astype(np.float32))
    values[1, 32:] = bf16(np.arange(-8, 8, 0.5).astype(np.int8) * np.float32(0.0123))
    found = fitted(use("lattice"), scheme, LATTICE, values, None)
    assert found.counts.certified == 1
    ours, plain = scheme.decode(found.data, 64), scheme.decode(scheme.encode(values, (), None), 64)
    assert np.array_equal(bf16(ours[1, 32:]), values[1, 32:])
    ours[1, 32:] = plain[1, 32:]
    assert np.array_equal(ours, plain)


def test_else_error_tells_the_first_block_that_is_not_certified():
    values = bf16(np.random.default_rng(5).normal(0, 0.02, (4, 64)).astype(np.float32))
    values[0, :32] = 0
    found = fitted(use("lattice", ("else", "error")), ToyScheme(4, 32), LATTICE, values, None)
    assert (found.data, found.refused) == (b"", 1)


def test_mse_refuses_types_that_search_by_themselves():
    q4_k = next(each for each in FORMATS if each.name == "Q4_K")
    assert MSE.refuses(TypeUse(q4_k)) == "mse chooses the scales of int2 to int8, not of Q4_K"
    assert MSE.refuses(TypeUse(INT4)) is None
