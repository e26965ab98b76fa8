"""config.json as models were published with it, spelled by many versions of transformers: claimed, and converted.

Expected values are those of llama.cpp's converter (`cases/architectures/published.yaml`). Tensors have the names that
the published files have; their shapes follow from the expected values, not from what is tested.
"""

import struct
from pathlib import Path

import pytest
import yaml

from qrecipe.types.transform import Constant
from tests.architectures.checkpoints import converted, family_of

ROOT = Path(__file__).parents[1]
CASES = yaml.safe_load((ROOT / "cases" / "architectures" / "published.yaml").read_text(encoding="utf-8"))
TOWER = {
    "multi_modal_projector.mm_input_projection_weight": (1152, 2560),
    "multi_modal_projector.mm_soft_emb_norm.weight": (1152,),
    "vision_tower.vision_model.embeddings.patch_embedding.weight": (1152, 3, 14, 14),
    "vision_tower.vision_model.post_layernorm.weight": (1152,),
}


def config_of(name):
    case = CASES[name]
    base = config_of(case["like"]) if "like" in case else {}
    return {key: value for key, value in base.items() if key not in case.get("without", ())} | case["config"]


def shapes_of(family, sizes, stored):
    """Return the published tensors of a model of these sizes."""
    prefix, width = stored.get("prefix", "model."), sizes["embedding_length"]
    rows = stored.get("rows") or sizes["vocab_size"]
    shapes = {f"{prefix}embed_tokens.weight": (rows, width), f"{prefix}norm.weight": (width,)}
    for block in range(sizes["block_count"]):
        parts = {**attention(family, sizes), **norms(family, width), **feed_forward(family, sizes)}
        if stored.get("buffers"):
            parts["self_attn.rotary_emb.inv_freq"] = (64,)
        shapes |= {f"{prefix}layers.{block}.{part}": shape for part, shape in parts.items()}
    tower = {stored["tower"] + part: shape for part, shape in TOWER.items()} if "tower" in stored else {}
    return shapes | tower | ({"lm_head.weight": (rows, width)} if stored["head"] else {})


def attention(family, sizes):
    width, heads = sizes["embedding_length"], sizes["attention.head_count"]
    head = sizes.get("attention.key_length", width // heads)
    queries, keys = heads * head, sizes["attention.head_count_kv"] * head
    shapes = {"q": (queries, width), "k": (keys, width), "v": (keys, width), "o": (width, queries)}
    head_norms = {} if family == "llama" else {f"self_attn.{part}_norm.weight": (head,) for part in "qk"}
    return {f"self_attn.{part}_proj.weight": shape for part, shape in shapes.items()} | head_norms


def norms(family, width):
    more = ("pre_feedforward", "post_feedforward") if family == "gemma3" else ()
    return {f"{part}_layernorm.weight": (width,) for part in ("input", "post_attention", *more)}


def feed_forward(family, sizes):
    width, inner, experts = sizes["embedding_length"], sizes["feed_forward_length"], sizes.get("expert_count")
    if not experts:
        return {f"mlp.{part}_proj.weight": shape for part, shape in three(("gate", "up", "down"), width, inner).items()}
    if family == "llama":
        router, pattern, parts = "block_sparse_moe.gate.weight", "block_sparse_moe.experts.{}.{}.weight", "w1 w3 w2"
    else:
        router, pattern, parts = "mlp.gate.weight", "mlp.experts.{}.{}_proj.weight", "gate up down"
        inner = sizes["expert_feed_forward_length"]
    shapes = three(parts.split(), width, inner)
    stacked = {pattern.format(e, part): shape for e in range(experts) for part, shape in shapes.items()}
    return {router: (experts, width), **stacked}


def three(parts, width, inner):
    return dict(zip(parts, ((inner, width), (inner, width), (width, inner)), strict=True))


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0] if isinstance(value, float) else value


@pytest.mark.parametrize("name", CASES)
def test_published_models_get_what_the_converter_writes(name):
    case, config = CASES[name], config_of(name)
    family, stored = case["family"], case["stored"]
    shapes = shapes_of(family, case["metadata"], stored)
    made = converted(config, shapes, stored.get("dtype", "BF16"))
    assert family_of(config).name == family
    found = {entry.key.removeprefix(f"{family}."): entry.first() for entry in made.metadata}
    found = {key: value for key, value in found.items() if not key.startswith("general.")}
    assert found == {key: float32(value) for key, value in case["metadata"].items()}
    assert list(found) == list(case["metadata"])
    assert len(made.tensors) == case["tensors"]
    assert {left.kind for left in made.left_out} == {
        kind for kind, key in (("vision", "tower"), ("unused", "buffers")) if key in stored
    }


@pytest.mark.parametrize("name", CASES)
def test_only_the_rope_of_llama_3_becomes_a_tensor(name):
    config, case = config_of(name), CASES[name]
    made = converted(config, shapes_of(case["family"], case["metadata"], case["stored"]))
    table = config.get("rope_scaling") or config.get("rope_parameters") or {}
    factors = [tensor.value.values for tensor in made.tensors if isinstance(tensor.value, Constant)]
    if table.get("rope_type") != "llama3":
        assert factors == []
        return
    (values,) = factors
    assert len(values) == case["metadata"]["attention.key_length"] // 2
    assert (values[0], values[-1]) == (1.0, table["factor"])
    assert list(values) == sorted(values)
