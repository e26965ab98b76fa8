"""What CUDA alone computes with: metadata as torchao writes it, tensors that its loader takes, mslk's arithmetic.

`quantize_` refuses these on a CPU, so codes are held against FBGEMM's formulas, written out here in torch.
"""

import json

import numpy as np
import pytest
from torchao_peer import arrays_of, asked, flattened, unflattened

from qrecipe_torchao import arithmetic
from qrecipe_torchao.float8 import Float8
from qrecipe_torchao.int4 import Int4
from qrecipe_torchao.scheme import TorchaoScheme

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

ROWS, COLS = 16, 256


def weight():
    torch, _ = asked()
    found = torch.randn(ROWS, COLS, generator=torch.Generator().manual_seed(3)).mul(0.02)
    found[0] = 0
    found[1] = found[1].abs()
    return found.to(torch.bfloat16)


def test_fp8_with_activations_is_what_torchao_makes_of_its_parts():
    asked()
    import torch
    from torchao.float8.inference import Float8MMConfig
    from torchao.quantization import Float8Tensor
    from torchao.quantization.granularity import PerRow
    from torchao.quantization.quantize_.workflows import QuantizeTensorToFloat8Kwargs

    store, rows = Float8("BF16", dynamic=True), weight()[1:]
    theirs = Float8Tensor.from_hp(
        rows,
        granularity=PerRow(),
        mm_config=Float8MMConfig(use_fast_accum=True),
        act_quant_kwargs=QuantizeTensorToFloat8Kwargs(torch.float8_e4m3fn, PerRow()),
    )
    arrays, metadata = flattened("m.weight", theirs)
    assert json.dumps(store.entry(ROWS - 1, COLS)) == metadata["m.weight"]
    ours = arrays_of(TorchaoScheme(store), TorchaoScheme(store).encode(rows.float().numpy(), (), None), ROWS - 1, COLS)
    for suffix, array in ours.items():
        assert torch.equal(array.view(torch.uint8), arrays[f"m{suffix}"].view(torch.uint8)), suffix


def test_fp8_configuration_with_activations():
    _, torchao = asked()
    from torchao.core.config import config_to_dict
    from torchao.quantization.granularity import PerRow

    theirs = config_to_dict(torchao.Float8DynamicActivationFloat8WeightConfig(granularity=PerRow()))
    assert json.dumps(Float8("BF16", dynamic=True).config()) == json.dumps(theirs)


@pytest.mark.parametrize("group", [32, 64, 128, 256])
def test_int4_configuration(group):
    _, torchao = asked()
    from torchao.core.config import config_to_dict

    theirs = config_to_dict(torchao.Int4WeightOnlyConfig(group_size=group))
    assert json.dumps(Int4(group).config()) == json.dumps(theirs)


def test_int4_configuration_with_activations():
    _, torchao = asked()
    from torchao.core.config import config_to_dict

    theirs = config_to_dict(torchao.Float8DynamicActivationInt4WeightConfig(int4_packing_format="plain"))
    assert json.dumps(Int4(128, dynamic=True).config()) == json.dumps(theirs)


@pytest.mark.parametrize("store", [Int4(32), Int4(128), Int4(128, dynamic=True)], ids=repr)
def test_int4_loads_and_its_metadata_comes_back_the_same(store):
    torch, _ = asked()
    scheme = TorchaoScheme(store)
    arrays = arrays_of(scheme, scheme.encode(weight().float().numpy(), (), None), ROWS, COLS)
    entry = json.dumps(store.entry(ROWS, COLS))
    named = {f"m{suffix}": array for suffix, array in arrays.items()}
    tensor = unflattened(named, {"m.weight": entry, "tensor_names": '["m.weight"]'})["m.weight"]
    assert (tuple(tensor.shape), tensor.dtype, tuple(tensor.block_size)) == (
        (ROWS, COLS),
        torch.bfloat16,
        (1, store.group),
    )
    assert tensor.activation_dtype == (torch.float8_e4m3fn if store.dynamic else torch.bfloat16)
    again, metadata = flattened("m.weight", tensor)
    assert metadata["m.weight"] == entry
    assert all(torch.equal(again[name], array) for name, array in named.items())


@pytest.mark.parametrize("group", [32, 128])
def test_int4_codes_are_mslks(group):
    """`int4_row_quantize_zp` in float32, then scale and zero point to the weights' dtype; two codes a byte."""
    torch, _ = asked()
    blocks = weight().float().reshape(-1, group)
    low, high = blocks.amin(1, keepdim=True), blocks.amax(1, keepdim=True)
    scale = (high - low).clamp(min=1e-6) / 15
    codes = ((blocks - low) / scale).round().clamp(0, 15).sub(8).to(torch.int8).reshape(ROWS, COLS)
    scheme = TorchaoScheme(Int4(group))
    ours = arrays_of(scheme, scheme.encode(weight().float().numpy(), (), None), ROWS, COLS)
    packed = ours["._weight_qdata"]
    assert torch.equal(packed << 4 >> 4, codes[:, ::2])
    assert torch.equal(packed >> 4, codes[:, 1::2])
    assert torch.equal(ours["._weight_scale"], scale.reshape(ROWS, -1).t().to(torch.bfloat16))
    assert torch.equal(ours["._weight_zero_point"], (low + scale * 8).reshape(ROWS, -1).t().to(torch.bfloat16))


def test_int4_codes_with_activations_are_mslks():
    """`int4_row_quantize`: the largest magnitude of a group is eight steps, zero points are 0."""
    torch, _ = asked()
    blocks = weight().float().reshape(-1, 128)
    scale = blocks.abs().amax(1, keepdim=True).clamp(min=1e-6) / 8
    codes = (blocks / scale).round().clamp(-8, 7).to(torch.int8).reshape(ROWS, COLS)
    scheme = TorchaoScheme(Int4(128, dynamic=True))
    records = scheme.encode(weight().float().numpy(), (), None)
    found, scales = scheme.parted(records, COLS)
    assert np.array_equal(found, codes.numpy())
    assert torch.equal(torch.from_numpy(scales), scale.reshape(ROWS, -1).to(torch.bfloat16).float())
    assert not arrays_of(scheme, records, ROWS, COLS)["._weight_zero_point"].any()


@pytest.mark.parametrize("group", [32, 128])
def test_int4_weights_are_those_that_torchaos_training_sees(group):
    """`quantization/qat/fake_quantizer.py` simulates the CUDA kernels on a CPU: code · scale + zero point."""
    torch, _ = asked()
    from torchao.quantization.qat.fake_quantize_config import Int4WeightFakeQuantizeConfig
    from torchao.quantization.qat.fake_quantizer import Int4WeightFakeQuantizer

    rows = weight().float()
    theirs = Int4WeightFakeQuantizer(Int4WeightFakeQuantizeConfig(group, torch.bfloat16))(rows)
    ours = arithmetic.int4(rows.numpy(), group, "F32")
    blocks = ours.codes.reshape(ROWS, -1, group) * ours.scales[..., None] + ours.zeros[..., None]
    assert np.array_equal(blocks.reshape(ROWS, COLS), theirs.numpy())


def test_fp8_weights_are_those_that_torchaos_training_sees():
    asked()
    from torchao.quantization.qat.fake_quantize_config import Float8FakeQuantizeConfig
    from torchao.quantization.qat.fake_quantizer import Float8FakeQuantizer

    rows = weight()[1:]
    scheme = TorchaoScheme(Float8("BF16", dynamic=True))
    ours = scheme.decode(scheme.encode(rows.float().numpy(), (), None), COLS)
    theirs = Float8FakeQuantizer(Float8FakeQuantizeConfig())(rows)
    assert np.array_equal(ours, theirs.float().numpy()) or np.abs(ours - theirs.float().numpy()).max() < 2e-4
