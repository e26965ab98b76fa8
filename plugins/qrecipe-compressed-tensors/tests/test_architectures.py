"""Other architectures than Llama, from recipe to logits, mixed types; experts under every type that is offered."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import MODELS, save
from tiny import build, load, logits, reference

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("compressed_tensors")

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

MIXED = {"blk.0.**": "int8 | keep", "blk.*.attn_*": "int8(group=32) | keep", "**": "int4(group=32) | keep"}


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("llama", "llama-tied")])
def test_mixed_types_give_the_logits_of_the_dequantized_model(name, tmp_path):
    experts = {"blk.*.ffn_*_exps": "int4(group=32) | keep"} if "moe" in name or "experts" in name else {}
    folder = build(save(name, tmp_path / "model"), {**experts, **MIXED})
    assert np.abs(logits(load(folder)) - logits(reference(folder))).max() == 0


@pytest.mark.parametrize("type_", ["int2(group=64)", "int4(group=32)", "int8", "int3", "Q4_0", "fp8"])
@pytest.mark.parametrize("activations", ["none", "int8"])
def test_experts_give_the_logits_of_the_dequantized_model(tmp_path, type_, activations):
    folder = build(
        save("qwen3moe", tmp_path / "model"),
        {"blk.*.ffn_*_exps": type_, "blk.*.attn_*": "int8 | keep", "**": "keep"},
        activations=activations,
    )
    found = logits(load(folder))
    if activations == "none":
        assert np.abs(found - logits(reference(folder))).max() == 0
    assert np.isfinite(found).all()
