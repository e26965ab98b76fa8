"""Rotary embeddings: scaling as metadata, and the frequencies of Llama 3 against torch."""

import struct

import pytest

from qrecipe.architectures.config import Settings
from qrecipe.architectures.entries import Entries
from qrecipe.architectures.rope import llama3_factors, rope_entries, rope_of
from qrecipe.errors import SourceError
from qrecipe.types.metadata import MetadataKind

LENGTH = {"max_position_embeddings": 4096}
YARN = {
    "rope_type": "yarn",
    "factor": 4,
    "original_max_position_embeddings": 1024,
    "extrapolation_factor": 1.0,
    "attention_factor": 1.5,
    "beta_fast": 32,
    "beta_slow": 1.0,
}


def said(**config):
    rope = rope_of(Settings({**LENGTH, **config}, "config.json"))
    return {entry.key.removeprefix("x.rope."): entry.scalar() for entry in rope_entries(Entries("x"), rope)}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {"freq_base": 1e4}),
        ({"rope_theta": 5e5}, {"freq_base": 5e5}),
        ({"rope_theta": 5e5, "rope_scaling": None}, {"freq_base": 5e5}),
        ({"rope_theta": 1, "rope_parameters": {"rope_theta": 5e5}}, {"freq_base": 5e5}),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}, {"freq_base": 5e5}),
        ({"rope_scaling": {"type": "dynamic", "factor": 2.0}}, {"freq_base": 1e4}),
        (
            {"rope_scaling": {"type": "linear", "factor": 2}},
            {"scaling.type": "linear", "scaling.factor": 2.0, "freq_base": 1e4},
        ),
        (
            {"rope_scaling": YARN, "rope_parameters": {"rope_theta": 7.0}},
            {
                "scaling.type": "yarn",
                "scaling.factor": 4.0,
                "scaling.original_context_length": 1024,
                "scaling.yarn_ext_factor": 1.0,
                "scaling.yarn_attn_factor": 1.5,
                "scaling.yarn_beta_fast": 32.0,
                "scaling.yarn_beta_slow": 1.0,
                "freq_base": 1e4,
            },
        ),
        (
            {"rope_scaling": {"type": "yarn", "factor": 4.0, "attn_factor": 0.5}},
            {
                "scaling.type": "yarn",
                "scaling.factor": 4.0,
                "scaling.original_context_length": 4096,
                "scaling.yarn_attn_factor": 0.5,
                "freq_base": 1e4,
            },
        ),
    ],
)
def test_what_metadata_say(config, expected):
    assert said(**config) == expected


def test_kinds_are_those_of_the_converter():
    rope = rope_of(Settings({**LENGTH, "rope_scaling": YARN}, "config.json"))
    assert [entry.kind for entry in rope_entries(Entries("x"), rope)] == [
        MetadataKind.STRING,
        MetadataKind.FLOAT32,
        MetadataKind.UINT32,
        *[MetadataKind.FLOAT32] * 5,
    ]


@pytest.mark.parametrize("factor", [None, "2", float("nan"), 1e39, 10**99])
def test_a_factor_is_a_number(factor):
    with pytest.raises(SourceError, match=r"--> config.json, rope_scaling.factor"):
        said(rope_scaling={"type": "linear", "factor": factor})


@pytest.mark.oracle
@pytest.mark.parametrize("theta", [500000.0, 10000.0, 1000000.0, 500000])
@pytest.mark.parametrize("head_dim", [32, 64, 80, 128, 256])
@pytest.mark.parametrize(("factor", "low", "high"), [(8.0, 1.0, 4.0), (32.0, 1.0, 4.0), (4, 2.0, 3.5)])
@pytest.mark.parametrize("length", [8192, 256, 131072])
def test_factors_of_llama_3_are_torchs(theta, head_dim, factor, low, high, length):
    scaling = {"rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high}
    table = {**scaling, "original_max_position_embeddings": length}
    rope = rope_of(Settings({"rope_theta": theta, "rope_scaling": table}, ""), kinds=("llama3",))
    found = llama3_factors(rope, head_dim)
    assert struct.pack(f"<{head_dim // 2}f", *found) == torchs(theta, head_dim, factor, (low, high), length)


def torchs(theta, head_dim, factor, bounds, length):
    """Compute the factors in torch, a frequency at a time: its arithmetic is the definition."""
    torch = pytest.importorskip("torch")
    low, high = bounds
    found = []
    for frequency in 1.0 / (theta ** (torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)):
        wave = 2 * torch.pi / frequency
        smooth = (length / wave - low) / (high - low)
        between = 1 / ((1 - smooth) / factor + smooth)
        found.append(1 if wave < length / high else factor if wave > length / low else between)
    return torch.tensor(found, dtype=torch.float32).numpy().tobytes()
