"""The two models: small, whole, and on their grids to the bit. Without torch: the weights are read as arrays."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.codecs.lattice.fit import LATTICE
from qrecipe.types.format import Call, TypeUse

MODELS = Path(__file__).parents[2] / "models"
FORMATS = {format_.name: format_ for format_ in GGML_FORMATS}
FIT = ("fit", Call("lattice", (("else", "error"),)))
Q4_0, TQ2_0 = TypeUse(FORMATS["Q4_0"], (FIT,)), TypeUse(FORMATS["TQ2_0"], (("scale", "negative"), FIT))
FILES = {
    "README.md",
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "training.json",
}
LAYOUTS = {
    "bard-3m-qat-q4_0": ((r"per_layer_model_projection", None), (r"", Q4_0)),
    "bard-3m-qat-mobile": (
        (r"per_layer_model_projection", None),
        (r"embed_tokens\.|layers\.[23]\.mlp", TQ2_0),
        (r"per_layer_input_gate|per_layer_projection", "Q8_0"),
        (r"", Q4_0),
    ),
}
models = pytest.mark.parametrize("name", LAYOUTS)


def tensors(name):
    """Return the weights as float32, by name."""
    data = (MODELS / name / "model.safetensors").read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    found = {}
    for key, entry in header.items():
        assert entry["dtype"] == "BF16"
        begin, end = entry["data_offsets"]
        bits = np.frombuffer(data[start + begin : start + end], "<u2").astype(np.uint32) << 16
        found[key] = bits.view(np.float32).reshape(entry["shape"])
    return found


def bf16(values):
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def on_8_bits(blocks):
    """Say of each block whether a BF16 scale and codes up to 127 make it."""
    largest = np.abs(blocks).max(axis=1, keepdims=True)
    found = largest[:, 0] == 0
    for code in range(127, 0, -1):
        for step in (-1, 0, 1):
            scale = (bf16(largest / code).view(np.uint32) + np.uint32(step << 16 & 0xFFFFFFFF)).view(np.float32)
            codes = np.round(blocks / np.where(scale == 0, 1, scale))
            found |= ((bf16(codes * scale) == blocks) & (np.abs(codes) <= 127)).all(axis=1)
    return found


@models
def test_a_model_is_at_most_seven_megabytes_and_3_5_million_weights(name):
    assert {path.name for path in (MODELS / name).iterdir()} == FILES
    assert sum(path.stat().st_size for path in (MODELS / name).iterdir()) <= 7_000_000
    assert sum(weight.size for weight in tensors(name).values()) <= 3_500_000


@models
def test_every_matrix_has_rows_of_whole_blocks_and_lies_on_its_grid(name):
    for key, weight in tensors(name).items():
        if weight.ndim != 2:
            continue
        assert weight.shape[1] % 256 == 0
        grid = next(grid for pattern, grid in LAYOUTS[name] if re.search(pattern, key))
        if grid == "Q8_0":
            assert on_8_bits(weight[::16].reshape(-1, 32)).all()
        elif grid:
            LATTICE.encode(grid, weight, None)  # refuses what it cannot certify


@models
def test_the_card_says_licence_and_loss(name):
    card = (MODELS / name / "README.md").read_text(encoding="utf-8")
    told = json.loads((MODELS / name / "training.json").read_text(encoding="utf-8"))
    assert "license: apache-2.0" in card
    assert f"{told['qat']['held_out_loss']:.3f}" in card
    assert told["qat"]["held_out_loss"] < told["full"]["held_out_loss"] + 0.1
