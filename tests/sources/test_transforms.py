"""Transforms by row ranges, against the same in numpy on whole arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecipe.errors import SourceError
from qrecipe.sources import transform_rows
from qrecipe.sources.transform_rows import rows_of
from qrecipe.sources.transform_shapes import Described, described
from qrecipe.types.source import StoredTensor
from qrecipe.types.transform import Add, Constant, Permute, Split, Stack, Stored, Transform, Transpose

WIDTH = {"F32": 4, "F16": 2, "BF16": 2, "Q8_0": 1}


@dataclass
class Arrays:
    """A checkpoint of arrays; it counts the bytes that are read at a time."""

    arrays: Mapping[str, np.ndarray]
    dtype: str = "BF16"
    largest: int = 0

    @property
    def tensors(self) -> Mapping[str, StoredTensor]:
        return {n: StoredTensor(n, self.dtype, a.shape, a.nbytes, 0, 0) for n, a in self.arrays.items()}

    def read(self, name: str, start: int, size: int) -> bytes:
        self.largest = max(self.largest, size)
        data = self.arrays[name].tobytes()
        assert 0 <= start <= start + size <= len(data)
        return data[start : start + size]


def checkpoint(*shape: int, names: str = "a", dtype: str = "BF16") -> Arrays:
    kind = {2: np.uint16, 4: np.float32}[WIDTH[dtype]]
    count = prod(shape)
    return Arrays({n: (np.arange(count) + 1000 * i).astype(kind).reshape(shape) for i, n in enumerate(names)}, dtype)


def whole(transform: Transform, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """The same by whole arrays."""
    match transform:
        case Stored(name):
            return arrays[name]
        case Permute(of, heads):
            full = whole(of, arrays)
            halves = full.reshape(heads, 2, full.shape[0] // heads // 2, *full.shape[1:])
            return halves.swapaxes(1, 2).reshape(full.shape)
        case Split(of, start, stop, axis):
            return np.take(whole(of, arrays), range(start, stop), axis)
        case Stack(of):
            return np.stack([whole(each, arrays) for each in of])
        case Transpose(of):
            return whole(of, arrays).swapaxes(-1, -2)
    raise AssertionError(transform)


A = Stored("a")
CASES = [
    (A, (6, 4)),
    (A, (5,)),
    (Permute(A, 2), (8, 3)),
    (Permute(A, 1), (6, 2)),
    (Permute(A, 2), (12,)),
    (Permute(A, 2), (4, 3, 2)),
    (Split(A, 1, 4), (6, 3)),
    (Split(A, 0, 2, axis=1), (3, 5, 2)),
    (Split(A, 1, 3, axis=0), (4, 2, 2)),
    (Stack((A, Stored("b"), Stored("c"))), (2, 3)),
    (Stack((Permute(A, 1), Stored("b"))), (4, 3)),
    (Transpose(A), (5, 3)),
    (Transpose(A), (2, 5, 3)),
    (Transpose(Stack((A, Stored("b")))), (4, 3)),
    (Split(Stack((A, Stored("b"), Stored("c"))), 2, 4, axis=1), (4, 3)),
    (Permute(Split(A, 2, 6), 1), (8, 3)),
]


@pytest.mark.parametrize(("transform", "shape"), CASES)
def test_every_range_of_rows_is_that_of_the_whole(transform, shape, monkeypatch):
    monkeypatch.setattr(transform_rows, "_BAND", 12)
    source = checkpoint(*shape, names="abc")
    expected = whole(transform, source.arrays)
    found = described(transform, source.tensors)
    assert (found.shape, found.dtype) == (expected.shape, "BF16")
    flat = np.ascontiguousarray(expected).reshape(found.rows, -1)
    assert found.row_bytes == flat[0].nbytes
    for start in range(found.rows + 1):
        for stop in range(start, found.rows + 1):
            assert rows_of(transform, source, start, stop) == flat[start:stop].tobytes()


@given(st.data())
def test_permuting_reads_no_more_than_the_rows_asked_for_and_two(data):
    heads, half = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 8))
    rows = heads * half * 2
    start = data.draw(st.integers(0, rows - 1))
    stop = data.draw(st.integers(start + 1, rows))
    source = checkpoint(rows, 4)
    rows_of(Permute(A, heads), source, start, stop)
    assert 2 * source.largest <= 8 * (stop - start + 2)


def bf16(values: np.ndarray) -> np.ndarray:
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_a_number_is_added_in_the_width_that_the_converter_has(dtype):
    values = np.array([[0.1, -0.3, 1e-4, 1000.0], [0.0, -1.0, 2.5, 3e-5]], np.float32)
    stored = {"F32": values, "F16": values.astype(np.float16), "BF16": bf16(values)}[dtype]
    source = Arrays({"a": stored}, dtype)
    wide = {"F32": values, "F16": stored, "BF16": (stored.astype(np.uint32) << 16).view(np.float32)}[dtype]
    expected = (wide + wide.dtype.type(1)).astype(np.float32)
    assert described(Add(A, 1.0), source.tensors) == Described((2, 4), "F32", 16)
    assert rows_of(Add(A, 1.0), source, 1, 2) == expected[1:].tobytes()


def test_a_constant_is_one_row_of_float32():
    constant = Constant((1.0, 1e30, 0.1))
    source = checkpoint(1)
    assert described(constant, source.tensors) == Described((3,), "F32", 12)
    assert rows_of(constant, source, 0, 1) == np.array([1, 1e30, 0.1], np.float32).tobytes()
    assert rows_of(constant, source, 1, 1) == b""


FAULTS = [
    (Stored("z"), "the checkpoint has no tensor z"),
    (Permute(A, 3), "a cannot be converted: 8 rows are no multiple of 2 × 3 heads"),
    (Permute(A, 0), "a cannot be converted: 8 rows are no multiple of 2 × 0 heads"),
    (Split(A, 2, 9), "a cannot be converted: 2 to 9 of dimension 0 is outside (8, 2)"),
    (Split(A, 0, 1, axis=1), "a cannot be converted: 0 to 1 of dimension 1 is outside (8, 2)"),
    (Stack(()), "a constant cannot be converted: there is nothing to stack"),
    (Stack((A, Transpose(A))), "a cannot be converted: a is BF16 (2, 8), the first is BF16 (8, 2)"),
    (Transpose(Constant((1.0,))), "a constant cannot be converted: (1,) is no matrix"),
]


@pytest.mark.parametrize(("transform", "message"), FAULTS)
def test_what_headers_contradict_is_refused_before_a_weight_is_read(transform, message):
    with pytest.raises(SourceError) as caught:
        described(transform, checkpoint(8, 2).tensors)
    assert caught.value.diagnostics[0].what == message


def test_blocks_of_a_quantized_source_are_not_reordered_by_element():
    source = Arrays({"a": np.zeros((4, 34), np.uint8)}, "Q8_0")
    for transform, message in (
        (Add(A, 1.0), "a cannot be converted: a number is added to Q8_0"),
        (Transpose(A), "a cannot be converted: Q8_0 has no whole bytes"),
    ):
        with pytest.raises(SourceError) as caught:
            described(transform, source.tensors)
        assert caught.value.diagnostics[0].what == message
