"""Folders that transformers loads: every array is `quantize_`'s, and logits are those of the dequantized weights."""

import json
import warnings
from itertools import pairwise

import numpy as np
import pytest
import torchao_models
from safetensors import safe_open
from torchao_models import LAYERS, LINEAR
from torchao_peer import asked, flattened, torch_dtype, unflattened

from qrecipe_torchao.header import NAMES

pytestmark = [pytest.mark.oracle, pytest.mark.model, pytest.mark.filterwarnings("ignore")]

ROUNDING = 0.05  # of the largest logit, where activations are rounded or scales follow the product


def arrays_of(folder):
    """Return the arrays and metadata of a folder, as safetensors reads them."""
    asked()
    arrays, said = {}, []
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            said.append(file.metadata())
            arrays |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    return arrays, said


def dequantized(folder):
    """Return the weights that torchao's own classes stand for."""
    arrays, said = arrays_of(folder)
    entries = {name: text for name, text in said[0].items() if name != "format"}
    plain = {name: array for name, array in arrays.items() if "._weight_" not in name}
    stored = {name: array for name, array in arrays.items() if "._weight_" in name}
    return plain | {name: tensor.dequantize() for name, tensor in unflattened(stored, entries).items()}


def loaded(folder, **kwargs):
    import transformers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, told = transformers.AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, **kwargs)
    assert not {key: found for key, found in told.items() if found}
    return model.eval()


def logits(model):
    import torch

    with torch.inference_mode():
        return model(torch.arange(3, 67)[None]).logits[0].float()


def reference(source, folder, dtype):
    """Return the logits of a plain model with the folder's dequantized weights."""
    model = loaded(source, dtype=dtype)
    weights = {name: weight.to(dtype) for name, weight in dequantized(folder).items()}
    assert not model.load_state_dict(weights, strict=False).unexpected_keys
    return logits(model)


EQUAL = [
    ({LINEAR: "int4(group=32)"}, ""),
    ({LINEAR: "int2(group=64)"}, 'shard_size = "300kB"'),
    ({LINEAR: "int8"}, ""),
    ({LINEAR: "int8(group=32)"}, 'layout = "int8"'),
    ({LINEAR: "fp8"}, ""),
    ({LINEAR: "int4(group=128)"}, 'dtype = "float16"'),
    ({LINEAR: "int3"}, 'dtype = "float32"'),
    ({LINEAR: "Q4_0"}, ""),
    ({LINEAR: "Q8_0"}, 'layout = "int8"'),
    ({LINEAR: "Q6_K"}, ""),
    (
        {"blk.0.attn_*": "Q5_0 | keep", "blk.0.ffn_*": "TQ2_0 | keep", "blk.1.attn_*": "fp8 | keep"},
        'shard_size = "99kB"',
    ),
    ({LINEAR: "int4(group=32, fit=mse)"}, ""),
    ({LINEAR: "int3(fit=mse)"}, 'activations = "none"\nlayout = "int8"'),
    ({LINEAR: "int4(group=32, fit=lattice)", "output": "Q4_0(fit=lattice)"}, ""),
    ({"token_embd": "int8", "output": "int8(group=64)", LINEAR: "int4(group=32)"}, ""),
]


@pytest.mark.parametrize(("rules", "options"), EQUAL, ids=str)
def test_logits_are_those_of_the_dequantized_weights(tmp_path, rules, options):
    source = torchao_models.llama(tmp_path / "model")
    folder = torchao_models.build(source, rules, options)
    model = loaded(folder)
    assert (logits(model) - reference(source, folder, model.dtype)).abs().max() == 0


@pytest.mark.parametrize(
    ("rules", "options"),
    [
        ({LINEAR: "int8"}, 'layout = "int8"'),
        ({LINEAR: "int8"}, 'layout = "int8"\nactivations = "int8"'),
        ({LINEAR: "int4(group=32)"}, 'activations = "int8"'),
        ({LINEAR: "int8"}, 'activations = "int8"'),
        ({LINEAR: "Q4_0"}, 'activations = "int8"'),
    ],
    ids=str,
)
def test_logits_are_near_where_the_runtime_rounds_activations(tmp_path, rules, options):
    source = torchao_models.llama(tmp_path / "model")
    folder = torchao_models.build(source, rules, options)
    model = loaded(folder)
    expected = reference(source, folder, model.dtype)
    assert 0 < (logits(model) - expected).abs().max() < ROUNDING * expected.abs().max()


def configurations():
    torch, torchao = asked()
    from torchao.quantization.granularity import PerAxis, PerGroup

    return {
        "intx": (torchao.IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32)), "int4(group=32)", ""),
        "channel": (torchao.IntxWeightOnlyConfig(weight_dtype=torch.int8, granularity=PerAxis(0)), "int8", ""),
        "int8": (torchao.Int8WeightOnlyConfig(), "int8", 'layout = "int8"'),
        "int8 g64": (torchao.Int8WeightOnlyConfig(granularity=PerGroup(64)), "int8(group=64)", 'layout = "int8"'),
        "executorch": (
            torchao.Int8DynamicActivationIntxWeightConfig(weight_dtype=torch.int4, weight_granularity=PerGroup(32)),
            "int4(group=32)",
            'activations = "int8"',
        ),
        "int8 int8": (
            torchao.Int8DynamicActivationInt8WeightConfig(),
            "int8",
            'layout = "int8"\nactivations = "int8"',
        ),
        "fp8": (torchao.Float8WeightOnlyConfig(), "fp8", ""),
    }


@pytest.mark.parametrize("name", configurations() if asked() else ())
@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
def test_a_folder_is_what_quantize_makes_of_the_model(tmp_path, name, dtype):
    """Arrays, metadata and logits are those of the model that transformers loaded and torchao quantized."""
    torch, torchao = asked()
    config, kind, options = configurations()[name]
    source = torchao_models.llama(tmp_path / "model", dtype=str(torch_dtype(dtype)).removeprefix("torch."))
    model = loaded(source)
    torchao.quantize_(
        model, config, filter_fn=lambda module, fqn: isinstance(module, torch.nn.Linear) and "layers" in fqn
    )
    theirs, entries = flattened_model(model)
    folder = torchao_models.build(source, {LINEAR: kind}, options + '\nshard_size = "500kB"')
    ours, said = arrays_of(folder)
    assert theirs.keys() == ours.keys()
    for array in theirs:
        assert theirs[array].dtype == ours[array].dtype, array
        assert torch.equal(theirs[array].view(torch.uint8), ours[array].view(torch.uint8)), array
    quantized = {key: text for key, text in entries.items() if key != NAMES and json.loads(text)["_type"] != "Tensor"}
    assert len(said) > 1
    for each in said:
        assert {key: text for key, text in each.items() if key not in ("format", NAMES)} == quantized
        assert sorted(json.loads(each[NAMES])) == sorted(quantized)
    assert torch.equal(logits(loaded(folder)), logits(model))


def flattened_model(model):
    from torchao.prototype.safetensors.safetensors_support import flatten_tensor_state_dict

    return flatten_tensor_state_dict(model.state_dict())


def test_transformers_own_folder_has_the_same_arrays(tmp_path):
    """`TorchAoConfig` and `save_pretrained`, the way that users know."""
    torch, torchao = asked()
    import transformers
    from torchao.quantization.granularity import PerGroup

    config = torchao.IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32))
    source = torchao_models.llama(tmp_path / "model")
    model = loaded(source, quantization_config=transformers.TorchAoConfig(config))
    model.save_pretrained(tmp_path / "theirs")
    theirs, _ = arrays_of(tmp_path / "theirs")
    ours, _ = arrays_of(torchao_models.build(source, {LINEAR: "int4(group=32)"}))
    assert theirs.keys() == ours.keys()
    assert all(torch.equal(theirs[name].view(torch.uint8), ours[name].view(torch.uint8)) for name in theirs)


def test_int4_tensors_load_for_cuda(tmp_path):
    """No CPU computes with them: that transformers makes them of the folder, and what they say, is all one sees."""
    torch, torchao = asked()
    options = 'layout = "int4"\ndevice = "cuda"'
    source = torchao_models.llama(tmp_path / "model")
    folder = torchao_models.build(source, {LINEAR: "int4(group=32)", "output": "int8"}, options)
    model = loaded(folder)
    weight = model.model.layers[LAYERS - 1].mlp.down_proj.weight.data
    assert isinstance(weight, torchao.Int4Tensor)
    assert isinstance(model.lm_head.weight.data, torchao.Int8Tensor)
    arrays, entries = flattened("m.weight", weight)
    stored, said = arrays_of(folder)
    name = f"model.layers.{LAYERS - 1}.mlp.down_proj"
    assert entries["m.weight"] == said[0][f"{name}.weight"]
    assert all(torch.equal(array, stored[name + key.removeprefix("m")]) for key, array in arrays.items())


def test_the_configuration_is_one_that_torchao_reads(tmp_path):
    from torchao.core.config import config_from_dict

    rules = {"blk.0.attn_q": "int4(group=32)", "blk.0.attn_k": "fp8", "blk.1.attn_q": "Q6_K"}
    folder = torchao_models.build(torchao_models.llama(tmp_path / "model"), rules, 'activations = "none"')
    said = json.loads((folder / "config.json").read_text())["quantization_config"]
    found = config_from_dict(said["quant_type"]["default"]).fqn_to_config
    kinds = {name: type(each).__name__ for name, each in found.items()}
    assert kinds == {
        "model.layers.0.self_attn.q_proj": "IntxWeightOnlyConfig",
        "model.layers.0.self_attn.k_proj": "Float8WeightOnlyConfig",
        "model.layers.1.self_attn.q_proj": "IntxWeightOnlyConfig",
    }


def test_greedy_text_is_the_dequantized_models(tmp_path):
    import torch

    source = torchao_models.llama(tmp_path / "model")
    folder = torchao_models.build(source, {LINEAR: "Q4_0", "token_embd": "int8"})
    model, plain = loaded(folder), loaded(source)
    plain.load_state_dict(dequantized(folder), strict=False)
    prompt, wanted = torch.arange(5, 13)[None], {"do_sample": False, "max_new_tokens": 24, "pad_token_id": 0}
    with torch.inference_mode():
        assert torch.equal(model.generate(prompt, **wanted), plain.generate(prompt, **wanted))


def test_offsets_are_aligned_and_leave_no_holes(tmp_path):
    folder = torchao_models.build(torchao_models.llama(tmp_path / "model"), {LINEAR: "int4(group=32)"})
    data = (folder / "model.safetensors").read_bytes()
    size = int(np.frombuffer(data[:8], "<u8")[0])
    table = json.loads(data[8 : 8 + size])
    offsets = sorted(entry["data_offsets"] for name, entry in table.items() if name != "__metadata__")
    assert all(first[1] == second[0] for first, second in pairwise(offsets))
    assert (offsets[0][0], offsets[-1][1], size % 8) == (0, len(data) - 8 - size, 0)
