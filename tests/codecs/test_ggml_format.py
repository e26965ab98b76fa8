"""What the ggml formats promise: sizes, refusals in words, bytes that depend on a row alone."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from codec_formats import BLOCK, CARRIED, PLAIN, formats, named
from codec_inputs import COLS, ROWS, importances, inputs, inputs_within

from qrecipe.errors import PlanError

SQUARES = importances()["squares"]


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("Q4_0", (32,), 18),
        ("Q4_0", (3, 64), 108),
        ("Q4_K", (2, 5, 768), 4320),
        ("IQ4_NL", (128, 704, 2816), 142737408),
        ("Q6_K", (262144, 2816), 605552640),
        ("NVFP4", (1, 64), 36),
        ("Q1_0", (1, 128), 18),
        ("F32", (), 4),
        ("F16", (7,), 14),
        ("BF16", (3, 0), 0),
        ("F64", (2, 3), 48),
        ("I64", (5,), 40),
    ],
)
def test_sizes_are_exact_for_any_shape(name, shape, expected):
    assert named(name).refuses(shape, ()) is None
    assert named(name).nbytes(shape, ()) == expected


@pytest.mark.parametrize(
    ("name", "shape", "why"),
    [
        ("Q4_K", (576, 576), "576 columns are no multiple of 256, its block"),
        ("Q4_0", (8, 1), "1 column is no multiple of 32, its block"),
        ("Q8_0", (2, 3, 33), "33 columns are no multiple of 32, its block"),
        ("Q8_0", (), "a single number has no rows to quantize"),
        ("Q8_0", (0, 32), "an empty tensor has nothing to quantize"),
        ("Q8_0", (4, 0), "an empty tensor has nothing to quantize"),
    ],
)
def test_a_shape_is_refused_in_words(name, shape, why):
    assert named(name).refuses(shape, ()) == why


@formats(*BLOCK, *PLAIN)
def test_encoding_gives_what_nbytes_promised(format_):
    for rows in (np.zeros((0, COLS), np.float32), *inputs_within(format_).values()):
        assert len(format_.encode(rows, (), SQUARES)) == format_.nbytes(rows.shape, ())


@formats(*BLOCK, *PLAIN)
def test_a_row_encodes_the_same_alone_and_in_company(format_):
    rows = np.concatenate([inputs()["outliers"], inputs()["zero blocks"], inputs()["as in a model"]])
    for importance in (SQUARES, importances()["hot columns"]) + (() if format_.imatrix == "required" else (None,)):
        whole = format_.encode(rows, (), importance)
        for count in (1, 2, 3):
            parts = [format_.encode(rows[i : i + count], (), importance) for i in range(0, len(rows), count)]
            assert b"".join(parts) == whole


@formats(*BLOCK)
def test_threads_give_the_bytes_of_one(format_):
    parts = [inputs()[name] for name in ("gaussian", "heavy tails", "outliers", "offset", "integers", "positive")] * 4
    serial = [format_.encode(rows, (), SQUARES) for rows in parts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda rows: format_.encode(rows, (), SQUARES), parts)) == serial
        decoded = list(pool.map(lambda data: format_.decode(data, COLS).tobytes(), serial))
    assert decoded == [format_.decode(data, COLS).tobytes() for data in serial]


@formats(*BLOCK)
def test_an_importance_changes_bytes_where_the_table_says_so(format_):
    other = importances()["hot columns"] if format_.imatrix == "required" else None
    rows = inputs()["gaussian"]
    changed = format_.encode(rows, (), SQUARES) != format_.encode(rows, (), other)
    assert changed == (format_.imatrix != "unused")


def test_what_callers_need_to_know_of_a_type():
    q4_k = named("Q4_K")
    assert (q4_k.name, q4_k.family, q4_k.gguf_id, q4_k.block, q4_k.bits) == ("Q4_K", "ggml", 12, 256, 4.5)
    assert (q4_k.is_float, q4_k.imatrix) == (False, "used")
    assert [argument.name for argument in q4_k.arguments] == ["fit"]
    assert [argument.name for argument in named("TQ2_0").arguments] == ["fit", "scale"]
    assert named("BF16").is_float
    assert named("BF16").arguments == ()
    assert not named("I32").is_float
    assert named("F64").is_float


def test_formats_travel_to_other_processes():
    assert pickle.loads(pickle.dumps(named("Q4_K"))) == named("Q4_K")  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    "rows", [np.zeros((2, 33), np.float32), np.zeros((2, 0), np.float32), np.zeros(32, np.float32)]
)
def test_rows_that_are_no_blocks_are_a_fault_of_the_caller(rows):
    with pytest.raises(ValueError, match="Q4_0 encodes float32 rows of whole blocks"):
        named("Q4_0").encode(rows, (), None)


def test_an_importance_of_another_width_is_a_fault_of_the_caller():
    with pytest.raises(ValueError, match=r"an importance of shape \(32,\) does not go with rows of 64 columns"):
        named("Q4_0").encode(np.zeros((2, 64), np.float32), (), np.ones(32, np.float32))


@pytest.mark.parametrize(("size", "cols"), [(35, 64), (36, 63), (36, 0), (18, 64)])
def test_bytes_that_are_no_rows_are_a_fault_of_the_caller(size, cols):
    with pytest.raises(ValueError, match="are no whole rows of"):
        named("Q4_0").decode(bytes(size), cols)


def test_no_rows_decode_to_no_rows():
    assert named("Q4_K").decode(b"", 256).shape == (0, 256)
    assert named("F16").decode(b"", 3).shape == (0, 3)


def test_rows_that_are_not_contiguous_encode_as_their_copy_does():
    wide = np.repeat(inputs()["gaussian"], 2, axis=1)[:, ::2]
    importance = np.repeat(SQUARES, 2)[::2]
    assert not wide.flags.c_contiguous
    expected = named("Q4_K").encode(inputs()["gaussian"], (), SQUARES)
    assert named("Q4_K").encode(wide, (), importance) == expected


@formats(*CARRIED)
def test_plain_integers_and_double_precision_are_only_carried(format_):
    with pytest.raises(PlanError) as caught:
        format_.encode(np.zeros((ROWS, COLS), np.float32), (), None)
    assert str(caught.value) == (
        f"error: {format_.name} is only carried from file to file\n"
        "why: nothing is converted to it: it is no type of weights\n"
        "fix: say keep for this tensor"
    )
    with pytest.raises(PlanError, match="it is not converted to anything else"):
        format_.decode(bytes(8), 1)
