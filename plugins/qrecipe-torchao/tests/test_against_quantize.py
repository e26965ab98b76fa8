"""Every array and every entry of metadata equals what `quantize_` and torchao's flattening give, on a CPU."""

import json
import warnings

import numpy as np
import pytest
from torchao_peer import arrays_of, asked, flattened, quantized, torch_dtype

from qrecipe_torchao.float8 import Float8
from qrecipe_torchao.int8 import Int8
from qrecipe_torchao.intx import Intx
from qrecipe_torchao.scheme import TorchaoScheme

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

ROWS, COLS = 48, 256
DTYPES = ("BF16", "F16", "F32")
SPREADS = (1.0, 0.02, 1e-6, 1e-38, 1000.0)


def weights(spread, dtype):
    """Return a weight with the rows that rounding is about: zeros, one sign, halves of steps, one large value."""
    torch, _ = asked()
    generator = torch.Generator().manual_seed(7)
    weight = torch.randn(ROWS, COLS, generator=generator) * spread
    weight[0] = 0
    weight[1, :64] = 0
    weight[2] = weight[2].abs()
    weight[3] = torch.linspace(-8, 7, COLS) * spread
    weight[4] = torch.arange(COLS).remainder(31).sub(15) / 2 * spread
    weight[5] = -0.0
    weight[6, 3] = 300 * spread
    return weight.to(torch_dtype(dtype))


def intx_config(store):
    torch, torchao = asked()
    from torchao.quantization.granularity import PerAxis, PerGroup

    width = getattr(torch, f"int{store.width}")
    granularity = PerGroup(store.group) if store.group else PerAxis(0)
    scale = None if store.scale == store.run else torch_dtype(store.scale)
    if store.dynamic:
        return torchao.Int8DynamicActivationIntxWeightConfig(
            weight_dtype=width, weight_granularity=granularity, weight_scale_dtype=scale
        )
    return torchao.IntxWeightOnlyConfig(weight_dtype=width, granularity=granularity, scale_dtype=scale)


def int8_config(store):
    _, torchao = asked()
    from torchao.quantization.granularity import PerGroup, PerRow

    if store.dynamic:
        return torchao.Int8DynamicActivationInt8WeightConfig()
    return torchao.Int8WeightOnlyConfig(granularity=PerGroup(store.group) if store.group else PerRow())


def float8_config(store):
    return asked()[1].Float8WeightOnlyConfig()


CONFIGS = {Intx: intx_config, Int8: int8_config, Float8: float8_config}


def stores(run):
    for group in (32, 64, 128, None):
        for width in range(1, 9):
            yield Intx(width, group, run, run)
        yield Int8(group, "F32", run)
    for width in (4, 8):
        yield Intx(width, 32, run, run, dynamic=True)
    yield Int8(None, "F32", run, dynamic=True)
    yield Float8(run)


@pytest.mark.parametrize("run", DTYPES)
@pytest.mark.parametrize("spread", SPREADS)
def test_arrays_equal(run, spread):
    torch, _ = asked()
    weight = weights(spread, run)
    if run == "F16" and spread == 1000.0:
        assert torch.isfinite(weight).all() or pytest.skip("beyond float16")
    for store in stores(run):
        theirs, _ = flattened("m.weight", quantized(weight, CONFIGS[type(store)](store)))
        scheme = TorchaoScheme(store)
        ours = arrays_of(scheme, scheme.encode(weight.float().numpy(), (), None), ROWS, COLS)
        assert {f"m{suffix}" for suffix in ours} == set(theirs), store
        for suffix, array in ours.items():
            other = theirs[f"m{suffix}"]
            assert array.dtype == other.dtype, (store, suffix)
            same = array.view(torch.uint8) == other.contiguous().view(torch.uint8)
            if isinstance(store, Float8):  # rows whose scale is 0 there are the difference that is meant
                scale = theirs["m._weight_scale"]
                same = same | (scale == 0)
            assert same.all(), (store, suffix)


@pytest.mark.parametrize("run", DTYPES)
def test_arrays_equal_on_any_bits(run):
    """Rows of one magnitude each, from the least subnormal up to where scales would overflow."""
    torch, _ = asked()
    generator = torch.Generator().manual_seed(23)
    most = {"BF16": 126, "F16": 15, "F32": 126}[run]
    exponents = torch.linspace(-149, most - 1, ROWS).round()[:, None] + torch.randint(
        -2, 1, (ROWS, COLS), generator=generator
    )
    mantissas = torch.rand(ROWS, COLS, generator=generator, dtype=torch.float64) + 1
    signs = torch.randint(0, 2, (ROWS, COLS), generator=generator) * 2 - 1
    weight = (mantissas * signs * torch.exp2(exponents.double())).to(torch_dtype(run))
    for store in stores(run):
        if store.width == 1:
            continue  # its scale is twice the largest weight, and overflows first
        scheme = TorchaoScheme(store)
        ours = arrays_of(scheme, scheme.encode(weight.float().numpy(), (), None), ROWS, COLS)
        theirs, _ = flattened("m.weight", quantized(weight, CONFIGS[type(store)](store)))
        lost = theirs["m._weight_scale"] == 0 if isinstance(store, Float8) else torch.zeros(ROWS, 1, dtype=torch.bool)
        for suffix, array in ours.items():
            same = array.view(torch.uint8) == theirs[f"m{suffix}"].view(torch.uint8)
            assert (same | lost).all(), (store, suffix, (~(same | lost)).nonzero()[:4])


@pytest.mark.parametrize("run", DTYPES)
def test_ranges_of_rows_are_the_whole(run):
    weight = weights(0.02, run).float().numpy()
    for store in stores(run):
        scheme = TorchaoScheme(store)
        parts = [scheme.encode(weight[start : start + 7], (), None) for start in range(0, ROWS, 7)]
        assert b"".join(parts) == scheme.encode(weight, (), None), store


@pytest.mark.parametrize("run", DTYPES)
def test_wider_rows_are_rounded_to_the_models_dtype_first(run):
    torch, _ = asked()
    wide = torch.randn(8, COLS, generator=torch.Generator().manual_seed(1)).numpy()
    narrow = torch.from_numpy(wide).to(torch_dtype(run)).float().numpy()
    for store in stores(run):
        scheme = TorchaoScheme(store)
        assert scheme.encode(wide, (), None) == scheme.encode(narrow, (), None), store


@pytest.mark.parametrize("run", DTYPES)
def test_metadata_equals(run):
    weight = weights(0.02, run)
    for store in stores(run):
        _, metadata = flattened("m.weight", quantized(weight, CONFIGS[type(store)](store)))
        assert json.dumps(store.entry(ROWS, COLS)) == metadata["m.weight"], store


@pytest.mark.parametrize("run", DTYPES)
def test_configurations_equal(run):
    asked()
    from torchao.core.config import config_to_dict

    for store in (*stores(run), Intx(4, 32, "F32", run), Intx(4, 32, "F16", run, dynamic=True)):
        assert json.dumps(store.config()) == json.dumps(config_to_dict(CONFIGS[type(store)](store))), store


@pytest.mark.parametrize("run", DTYPES)
def test_decoding_equals_dequantize(run):
    torch, _ = asked()
    weight = weights(0.02, run)[6:]
    for store in stores(run):
        theirs = quantized(weight, CONFIGS[type(store)](store))
        scheme = TorchaoScheme(store)
        ours = scheme.decode(scheme.encode(weight.float().numpy(), (), None), COLS)
        assert torch.equal(torch.from_numpy(ours).to(torch_dtype(run)), theirs.dequantize()), store


def test_a_row_of_zeros_is_zeros_as_fp8_where_torchao_stores_no_numbers():
    torch, _ = asked()
    weight = torch.zeros(2, 32, dtype=torch.bfloat16)
    theirs = quantized(weight, float8_config(None))
    assert theirs.dequantize().isnan().all()
    scheme = TorchaoScheme(Float8("BF16"))
    records = scheme.encode(weight.float().numpy(), (), None)
    assert not scheme.decode(records, 32).any()
    assert np.array_equal(scheme.parted(records, 32)[1], [[1], [1]])


def test_warnings_of_torchao_are_not_ours():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TorchaoScheme(Float8("F16")).encode(np.zeros((2, 32), np.float32), (), None)
    assert not caught
