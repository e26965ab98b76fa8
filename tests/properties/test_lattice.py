"""fit=lattice on any grid: certified means every bit, BF16 scales are always found, and no block knows another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.codecs.lattice.fit import LATTICE
from qrecipe.types.format import Call, TypeUse
from tests.codecs.qat import bf16

BY_NAME = {format_.name: format_ for format_ in GGML_FORMATS}
FIT = ("fit", Call("lattice"))
USES = [
    TypeUse(BY_NAME["Q4_0"], (FIT,)),
    TypeUse(BY_NAME["TQ2_0"], (("scale", "negative"), FIT)),
    TypeUse(BY_NAME["TQ2_0"], (FIT,)),
    TypeUse(BY_NAME["TQ1_0"], (FIT,)),
    TypeUse(BY_NAME["Q5_0"], (FIT,)),
    TypeUse(BY_NAME["Q8_0"], (FIT,)),
]
CODES = dict(zip(USES, [(-8, 7), (-2, 1), (-1, 1), (-1, 1), (-16, 15), (-128, 127)], strict=True))
SCALES = st.floats(2.0**-20, 2.0**10, width=32).flatmap(lambda s: st.sampled_from([s, float(bf16([s])[0]), -s]))
HELD = st.tuples(st.integers(128, 255), st.integers(-24, 8)).map(lambda number: number[0] * 2.0 ** number[1])


@st.composite
def grids(draw, use, scales=SCALES):
    """Blocks w = bf16(s * q), an s for each; few codes or many, zeros of both signs among them."""
    n, size = draw(st.integers(1, 4)), use.format.block
    low, high = CODES[use]
    edge = draw(st.integers(1, high + 1))
    q = draw(arrays(np.int16, (n, size), elements=st.integers(max(low, -edge), min(high, edge)), fill=st.just(0)))
    s = np.array(draw(st.lists(scales, min_size=n, max_size=n)), np.float32)[:, None]
    return bf16(s * q.astype(np.float32))


ANY = st.one_of(
    st.floats(-1e4, 1e4, width=32),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-40, -(2.0**-24), 2.0**-14, 0.3, 3.0, 65504.0]),
)


@st.composite
def anything(draw, use):
    """Blocks that are mostly on no grid."""
    return draw(arrays(np.float32, (draw(st.integers(1, 3)), use.format.block), elements=ANY, fill=ANY))


def encode(use, rows):
    return LATTICE.encode(use, rows, None)


@pytest.mark.parametrize("use", USES, ids=str)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_certified_is_what_comes_back_to_the_bit_and_near_what_is_one_step_off(use, data):
    rows = data.draw(st.one_of(grids(use), anything(use)))
    for block in rows:
        fitted = encode(use, block[None])
        exact = use.format.decode(fitted.data, block.size)[0]
        held = bool((bf16(block) == block).all())
        back = bf16(exact) if held else exact
        counts = fitted.counts
        assert counts.blocks == 1
        assert bool((back == block).all()) >= bool(counts.certified)
        if counts.near:
            assert not counts.certified
            assert held
            steps = np.abs((back.view(np.int32) >> 16).astype(int) - (block.view(np.int32) >> 16))
            assert steps[(back != 0) | (block != 0)].max() == 1
        if not counts.certified and not counts.near:
            assert fitted.data == use.format.encode(block[None], use.args, None)


@pytest.mark.parametrize("use", USES, ids=str)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_scale_that_bf16_and_f16_hold_is_found_again(use, data):
    rows = data.draw(grids(use, HELD))
    assert encode(use, rows).counts.certified == len(rows)


@pytest.mark.parametrize("use", USES, ids=str)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_blocks_are_independent_and_the_bytes_always_the_same(use, data):
    rows = data.draw(st.one_of(grids(use), anything(use)))
    whole = encode(use, rows)
    assert len(whole.data) == use.format.nbytes(rows.shape, use.args)
    assert encode(use, rows.copy()) == whole
    assert b"".join(encode(use, row[None]).data for row in rows) == whole.data
