"""Finished folders read back: schemes from config and headers, ours and other tools'."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pytest
from plans import FAMILY, config, llama, modules, moe, target
from qrecipe.errors import SourceError
from qrecipe.types.source import StoredTensor

from qrecipe_compressed_tensors.scheme import Float8Scheme, IntegerScheme


@dataclass
class Folder:
    """What reading asks of a checkpoint."""

    config: dict
    tensors: dict = field(default_factory=dict)
    reference: str = "out"

    def with_tensor(self, name, dtype, shape):
        self.tensors[name] = StoredTensor(name, dtype, shape, 0, 0, 0)
        return self


def folder_of(model, types, to):
    """Return the headers that a plan writes."""
    found = Folder(json.loads(json.dumps({"quantization_config": config(model, types, to)})))
    for module in modules(model, types, to):
        for array in () if module.scheme is None else module.scheme.arrays(*module.shape):
            found.with_tensor(module.name + array.suffix, array.dtype, array.shape)
    return found


@pytest.mark.parametrize("activations", ["none", "int8", "fp8", "static-int8", "static-fp8"])
def test_schemes_come_back(activations):
    types = {
        "attn_q": "int8",
        "attn_k": "int3(group=64)",
        "attn_v": "fp8",
        "ffn_down": "int4",
        "ffn_up": "int8(group=32)",
    }
    to = target("hf", activations=activations)
    read = FAMILY.schemes(folder_of(llama(), types, to))
    assert read == {each.name: each.scheme for each in modules(llama(), types, to) if each.scheme is not None}


def test_experts_come_back_by_their_expression():
    types = {"attn_q": "int8", **dict.fromkeys(("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"), "int4(group=32)")}
    read = FAMILY.schemes(folder_of(moe(), types, target()))
    assert read["model.layers.1.mlp.experts.3.up_proj"] == IntegerScheme(4, 32, "BF16")
    assert read["model.layers.1.self_attn.q_proj"] == IntegerScheme(8, None, "BF16")


def test_carried_types_come_back_as_what_is_stored():
    read = FAMILY.schemes(folder_of(llama(layers=1), {"attn_q": "Q4_0"}, target("hf", dtype="float16")))
    assert read == {"model.layers.0.self_attn.q_proj": IntegerScheme(4, 32, "F16")}


def test_class_names_of_other_tools_are_understood():
    group = {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "symmetric": True}}
    other = Folder({"quantization_config": {"quant_method": "compressed-tensors", "config_groups": {"group_0": group}}})
    other.with_tensor("a.weight", "F8_E4M3", (4, 8)).with_tensor("a.weight_scale", "BF16", (4, 1))
    assert FAMILY.schemes(other) == {"a": Float8Scheme("BF16")}


@pytest.mark.parametrize(
    "found", [{}, {"quantization_config": {"quant_method": "torchao"}}, {"quantization_config": 3}]
)
def test_other_folders_are_of_another_family(found):
    assert FAMILY.schemes(Folder(found)) is None


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        (None, "quantization_config has no config_groups"),
        ({"g": 1}, "a group is no table with targets and weights"),
        ({"g": {"targets": ["re:("], "weights": {}}}, "a group is no table with targets and weights"),
        ({"g": {"targets": ["b"], "weights": {}}}, "no group has module 'a' as a target"),
        (
            {"g": {"targets": ["a"], "weights": {"num_bits": 4, "symmetric": False}}},
            "module 'a' has an offset, or is not stored as its group says",
        ),
        ({"g": {"targets": ["a"], "weights": {"num_bits": "4"}}}, "the codes of module 'a' are I32, of 4 bits"),
        ({"g": {"targets": ["a"], "weights": {"num_bits": 40}}}, "the codes of module 'a' are I32, of 40 bits"),
    ],
)
def test_what_cannot_be_read_is_an_error(groups, why):
    broken = Folder({"quantization_config": {"quant_method": "compressed-tensors", "config_groups": groups}})
    broken.with_tensor("a.weight_packed", "I32", (4, 4)).with_tensor("a.weight_scale", "BF16", (4, 1))
    with pytest.raises(SourceError) as caught:
        FAMILY.schemes(broken)
    assert str(caught.value) == (
        "error: cannot read out as a compressed-tensors checkpoint\n"
        f"why: {why}\n"
        "fix: read it with the tool that wrote it, or build it again"
    )


def test_the_shape_of_packed_codes_is_read_and_held_against_the_words():
    scheme = IntegerScheme(3, None, "BF16")
    stored = MappingProxyType({".weight_packed": StoredTensor("x", "I32", (4, 10), 0, 0, 0)})
    assert scheme.shape_of(stored, lambda _: struct.pack("<2q", 4, 100)) == (4, 100)
    for rows, cols in ((5, 100), (4, 200), (4, 0), (4, -1)):
        with pytest.raises(ValueError, match="weight_packed has 4 rows of 10 words"):
            scheme.shape_of(stored, lambda _, said=(rows, cols): struct.pack("<2q", *said))


@pytest.mark.parametrize(
    "scheme", [IntegerScheme(w, g, d) for w in (1, 3, 4, 8) for g in (None, 32) for d in ("BF16", "F32")]
)
def test_records_hold_codes_and_scales_and_have_the_size_that_was_planned(scheme):
    rows = np.random.default_rng(1).standard_normal((3, 96)).astype(np.float32)
    records = scheme.encode(rows, (), None)
    assert len(records) == scheme.nbytes((3, 96), ()) == sum(a.nbytes for a in scheme.arrays(3, 96) if a.along == 0)
    codes, scales = scheme.parted(records, 96)
    assert scheme.joined(codes, scales) == records
    assert (scheme.decode(records, 96) == codes * scales.repeat(96 // scales.shape[1], axis=1)).all()
