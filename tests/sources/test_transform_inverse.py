"""Transforms undone: what comes back is what went in, for every shape of tree that architectures make."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecipe.sources.transform_inverse import restored, together
from qrecipe.types.source import StoredTensor
from qrecipe.types.transform import Add, Constant, Permute, Split, Stack, Stored, Transpose
from tests.sources.test_transforms import whole

A, B, C = (Stored(name) for name in "abc")
SHAPES = st.sampled_from([(4, 3), (8, 5), (12, 2, 3), (4, 4, 4)])


def back(transforms, arrays):
    """Convert whole arrays, and put them back."""
    tensors = {n: StoredTensor(n, "F32", a.shape, a.nbytes, 0, 0) for n, a in arrays.items()}
    return dict(restored(transforms, transforms, tensors, lambda name: whole(transforms[name], arrays)))


@given(SHAPES, st.data())
def test_what_comes_back_is_what_went_in(shape, data):
    trees = {
        "stored": {"x": A},
        "permuted": {"x": Permute(A, data.draw(st.sampled_from([1, 2])))},
        "transposed": {"x": Transpose(A)},
        "stacked": {"x": Stack((A, B, C))},
        "stacked, each permuted": {"x": Stack((Permute(A, 2), Permute(B, 1)))},
        "split": {"x": Split(A, 0, 1), "y": Split(A, 1, shape[0])},
        "split, out of order": {"y": Split(A, 1, 3), "z": Split(A, 3, shape[0]), "x": Split(A, 0, 1)},
        "parts of a permuted one": {"x": Split(Permute(A, 2), 0, 2), "y": Split(Permute(A, 2), 2, shape[0])},
        "parts of a stack": {
            "x": Split(Stack((A, B)), 0, 2, axis=1),
            "y": Split(Stack((A, B)), 2, shape[0], axis=1),
        },
        "made by the converter": {"x": A, "y": Constant((1.0, 2.0))},
    }
    transforms = trees[data.draw(st.sampled_from(sorted(trees)))]
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=shape).astype(np.float32) for name in "abc"}
    used = {"a", "b", "c"} if "Stack" in str(transforms) else {"a"}
    found = back(transforms, arrays)
    assert found.keys() <= used
    assert "a" in found
    assert all(np.array_equal(found[name], arrays[name]) for name in found)


@given(st.lists(st.floats(-4, 4, width=16), min_size=1))
def test_a_sum_that_is_undone_gives_the_same_sum_again(values):
    stored = np.array(values, np.float32)
    added = stored + np.float32(1)
    tensors = {"a": StoredTensor("a", "F32", stored.shape, stored.nbytes, 0, 0)}
    ((_, found),) = restored({"x": Add(A, 1.0)}, ["x"], tensors, lambda _: added)
    assert np.array_equal(found + np.float32(1), added)
    assert np.abs(found - stored).max() <= 2**-22


def test_tensors_that_are_parts_of_one_go_together():
    transforms = {"gate": Split(A, 0, 1), "up": Split(A, 1, 2), "down": B, "freqs": Constant((1.0,))}
    assert together("gate", transforms) == ("gate", "up")
    assert together("down", transforms) == ("down",)
    assert together("freqs", transforms) == ("freqs",)


def test_a_part_alone_is_refused():
    tensors = {"a": StoredTensor("a", "F32", (4, 2), 32, 0, 0)}
    with pytest.raises(ValueError, match="parts are missing of"):
        list(restored({"x": Split(A, 0, 2)}, ["x"], tensors, lambda _: np.zeros((2, 2), np.float32)))
