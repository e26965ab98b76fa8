"""int1 … int8 and fp8: names, arguments and shapes; no size and no bytes of their own."""

import numpy as np
import pytest

from qrecipe.codecs.builtin import FORMATS
from qrecipe.errors import PlanError

OTHERS = {format_.name: format_ for format_ in FORMATS if format_.family != "ggml"}


def test_all_are_known_by_name():
    assert list(OTHERS) == ["int1", "int2", "int3", "int4", "int5", "int6", "int7", "int8", "fp8"]
    assert {format_.family for format_ in OTHERS.values()} == {"integer", "float8"}


@pytest.mark.parametrize("format_", OTHERS.values(), ids=OTHERS)
def test_no_gguf_stores_them(format_):
    assert format_.gguf_id is None
    assert not format_.is_float
    assert format_.imatrix == "unused"
    assert format_.block is None
    assert format_.bits is None


def test_arguments():
    assert [argument.name for argument in OTHERS["int4"].arguments] == ["group", "fit"]
    assert [argument.name for argument in OTHERS["fp8"].arguments] == ["fit"]


@pytest.mark.parametrize(
    ("group", "shape", "why"),
    [
        (None, (5, 33), None),
        (32, (5, 64), None),
        (32, (2, 5, 64), None),
        (128, (8, 704), "704 columns are no multiple of 128, its group"),
        (0, (8, 704), "a group has at least one column, not 0"),
        (-1, (8, 704), "a group has at least one column, not -1"),
        ("x", (8, 704), "a group has at least one column, not x"),
        (None, (), "a single number has no rows to quantize"),
        (None, (0, 7), "an empty tensor has nothing to quantize"),
    ],
)
def test_shapes_of_integers(group, shape, why):
    assert OTHERS["int4"].refuses(shape, () if group is None else (("group", group),)) == why


def test_shapes_of_fp8():
    assert OTHERS["fp8"].refuses((3, 5), ()) is None
    assert OTHERS["fp8"].refuses((), ()) == "a single number has no rows to quantize"


@pytest.mark.parametrize("format_", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize(
    "call",
    [
        lambda format_: format_.nbytes((2, 32), ()),
        lambda format_: format_.encode(np.zeros((2, 32), np.float32), (), None),
        lambda format_: format_.decode(bytes(32), 32),
    ],
)
def test_their_bytes_are_made_elsewhere(format_, call):
    with pytest.raises(PlanError) as caught:
        call(format_)
    assert str(caught.value) == (
        f"error: nothing installed encodes or decodes {format_.name}\n"
        "why: its bytes are laid out by the backend that stores it, and that backend brings the codec\n"
        "fix: install a backend's plug-in that stores it; `qrecipe plugins` lists what is installed"
    )
