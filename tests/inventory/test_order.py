import pytest

from qrecipe.inventory.order import canonical_order, layer_of, role_of
from qrecipe.types.tensor import TensorInfo


def tensor(name: str) -> TensorInfo:
    return TensorInfo(name, (1,), "F32", "F32", "")


@pytest.mark.parametrize(
    ("name", "role", "layer"),
    [
        ("token_embd.weight", "token_embd", None),
        ("blk.7.attn_q.weight", "attn_q", 7),
        ("blk.12.attn_q.bias", "attn_q.bias", 12),
        ("blk.3.ffn_down_exps.scale", "ffn_down_exps.scale", 3),
        ("blk.0.layer_output_scale.weight", "layer_output_scale", 0),
        ("v.blk.5.attn_q.weight", "v.blk.5.attn_q", 5),
        ("model.layers.31.self_attn.q_proj.weight", "model.layers.31.self_attn.q_proj", 31),
        ("model.layers.2.experts.9.w1", "model.layers.2.experts.9.w1", 2),
        ("blk.x.attn_q.weight", "blk.x.attn_q", None),
        ("blk.attn_q", "blk.attn_q", None),
        ("conv1d.weight", "conv1d", None),
        ("x.123456789012.y", "x.123456789012.y", None),
        ("x.².y", "x.².y", None),
        (".weight", "", None),
    ],
)
def test_role_and_layer(name, role, layer):
    assert (role_of(name), layer_of(name)) == (role, layer)


def test_canonical_order_is_by_block_number_then_bytes_of_the_name():
    names = [
        "blk.10.a",
        "blk.2.b",
        "token_embd",
        "blk.2.B",
        "blk.2.a",
        "output",
        "Zed",
        "v.blk.1.a",
        "blk.0.é",
        "blk.0.z",
    ]
    ordered = [t.name for t in canonical_order([tensor(name) for name in names], mapped=True)]
    assert ordered == [
        "Zed", "output", "token_embd", "v.blk.1.a", "blk.0.z", "blk.0.é", "blk.2.B", "blk.2.a", "blk.2.b", "blk.10.a",
    ]  # fmt: skip


def test_names_that_nothing_maps_are_ordered_by_layer():
    names = ["model.layers.10.w", "model.layers.9.w", "model.embed.w", "model.layers.9.b"]
    ordered = [t.name for t in canonical_order([tensor(name) for name in names], mapped=False)]
    assert ordered == ["model.embed.w", "model.layers.9.b", "model.layers.9.w", "model.layers.10.w"]
