"""config.json and headers are anybody's: whatever stands there, a conversion is made or refused in words, at once."""

from __future__ import annotations

import copy
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecipe.errors import SourceError
from qrecipe.types.architecture import Conversion
from tests.architectures.checkpoints import (
    FAMILIES,
    QWEN3MOE,
    QWEN3MOE_SHAPES,
    Headers,
    changed,
    family_of,
    headers,
    named,
)

KEYS = [
    *sorted({key for config, _ in FAMILIES.values() for key in config} - {"architectures"}),
    *("rope_scaling", "rope_parameters", "per_layer_config", "num_local_experts", "max_position_embeddings"),
    *("rms_norm_eps", "rope_local_base_freq", "num_kv_shared_layers", "use_double_wide_mlp", "enable_moe_block"),
    *("attention_k_eq_v", "num_global_key_value_heads", "final_logit_softcapping", "text_config", "mlp_only_layers"),
]
INNER = [
    "rope_type",
    "type",
    "factor",
    "rope_theta",
    "full_attention",
    "sliding_attention",
    "0",
    "head_dim",
    "low_freq_factor",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.integers(-1, 5),
    st.floats(),
    st.sampled_from(["llama3", "yarn", "linear", "default", "proportional", "", "all", "\x1b[31m", "\ud800"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner, max_size=4)
)


@given(name=st.sampled_from(sorted(FAMILIES)), values=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_any_config_is_converted_or_refused_in_words(name, values):
    config, shapes = FAMILIES[name]
    made = outcome(headers(changed(config, **copy.deepcopy(values)), shapes))
    if isinstance(made, SourceError):
        assert_told(made)
    else:
        assert made.tensors
        assert made.metadata


@given(
    name=st.sampled_from(sorted(FAMILIES)),
    index=st.integers(0, 40),
    shape=st.lists(st.integers(0, 1 << 62), max_size=4).map(tuple),
    other=st.text(max_size=12) | st.none(),
)
def test_any_header_is_converted_or_refused_in_words(name, index, shape, other):
    config, shapes = FAMILIES[name]
    names = list(shapes)
    broken = names[index % len(names)]
    made = {each: shape if each == broken else size for each, size in shapes.items()}
    if other is not None:
        made[other] = made.pop(broken)
    found = outcome(headers(config, made))
    if isinstance(found, SourceError):
        assert_told(found)
    else:
        assert made == shapes or other is not None


def outcome(checkpoint: Headers) -> Conversion | SourceError:
    try:
        return family_of(checkpoint.config or {}).convert(checkpoint)
    except SourceError as error:
        return error


def assert_told(error: SourceError) -> None:
    assert all(finding.what and finding.where and finding.fix for finding in error.diagnostics)
    assert str(error).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"num_hidden_layers": 10**9}, "config-bad-value"),
        ({"num_experts": 10**9}, "config-bad-value"),
        ({"hidden_size": 10**30}, "config-bad-value"),
        ({"num_hidden_layers": 512, "num_experts": 1024}, "tensors-missing"),
        ({"head_dim": 10**9}, "config-bad-value"),
    ],
)
def test_absurd_sizes_are_refused_at_once(keys, code):
    checkpoint = headers(changed(QWEN3MOE, **keys), QWEN3MOE_SHAPES)
    start = time.perf_counter()
    with pytest.raises(SourceError) as error:
        named("qwen3moe").convert(checkpoint)
    assert error.value.diagnostics[0].code == code
    assert time.perf_counter() - start < 0.5
