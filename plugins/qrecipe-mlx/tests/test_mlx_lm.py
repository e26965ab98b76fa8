"""mlx-lm itself: it loads what is built of a model of each kind, and computes what the weights say."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

mx = pytest.importorskip("mlx.core", reason="pip install 'mlx[cpu]'")
mlx_lm = pytest.importorskip("mlx_lm.utils", reason="pip install mlx-lm")

ROOT = Path(__file__).parents[3]
if not (ROOT / "plugins" / "tests" / "models.py").exists():
    pytest.skip("the tiny models are made by qrecipe's repository", allow_module_level=True)
sys.path += [str(ROOT), str(ROOT / "plugins" / "tests")]
torch = pytest.importorskip("torch", reason="transformers makes some of the tiny models")
transformers = pytest.importorskip("transformers")

import models
import qrecipe
from mlx_lm.convert import convert

from qrecipe_mlx.family import TRIED

pytestmark = [pytest.mark.oracle, pytest.mark.model]

RULES = """
[[rules]]
match = "{token_embd,per_layer_token_embd,**.embed_tokens,**.embed_in}"
type = "int8(group=32) | keep"
optional = true
[[rules]]
match = "{**.ffn_down*,**.down_proj,**.w2}"
type = "int6(group=32) | keep"
optional = true
[[rules]]
match = "**"
type = "int4(group=32) | keep"
"""
MODELS = {
    "gemma3_text": "gemma3-text",
    "gemma3": "gemma3",
    "gemma4": "gemma4-e2b",
    "gemma4_text": "gemma4-text",
    "llama": "llama",
    "mistral": "mistral",
    "mixtral": "mixtral",
    "olmo2": "olmo2",
    "olmoe": "olmoe",
    "phi3": "phi3",
    "qwen2": "qwen2",
    "qwen2_moe": "qwen2-moe",
    "qwen3": "qwen3-untied",
    "qwen3_moe": "qwen3moe",
}
SMALL = {
    "vocab_size": 384,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
}
MORE = {  # of transformers' own making
    "qwen2": ("Qwen2ForCausalLM", SMALL),
    "qwen2-moe": (
        "Qwen2MoeForCausalLM",
        SMALL | {"num_experts": 4, "moe_intermediate_size": 32, "shared_expert_intermediate_size": 64},
    ),
    "olmoe": ("OlmoeForCausalLM", SMALL | {"num_experts": 4, "num_experts_per_tok": 2}),
}


@pytest.fixture
def source(tmp_path):
    """Return a function that writes a tiny checkpoint, with the keys of config.json that mlx-lm asks for."""

    def write(name):
        folder = tmp_path / "model" if name in MORE else models.write(name, tmp_path)
        if name in MORE:
            kind = getattr(transformers, MORE[name][0])
            torch.manual_seed(1)
            kind(kind.config_class(**MORE[name][1])).to(torch.bfloat16).save_pretrained(folder)
        as_published(folder / "config.json")
        return folder

    return write


def as_published(path):
    """Published models have these keys of older transformers; the tiny ones, made by a newer one, need not."""
    config = json.loads(path.read_text())
    text = config.get("text_config", config)
    config.setdefault("vocab_size", text["vocab_size"])
    if "rope_theta" in (rope := config.get("rope_parameters", {})):
        config.setdefault("rope_theta", rope["rope_theta"])
    heads = [found["head_dim"] for found in text.get("per_layer_config", {}).values()]
    if heads:
        text["global_head_dim"] = heads[0]
    if config["model_type"] == "qwen3_moe":
        config = {"decoder_sparse_step": 1, "mlp_only_layers": [], "rope_theta": 1e6, **config}
        config.setdefault("tie_word_embeddings", False)
        config.setdefault("rms_norm_eps", 1e-6)
    path.write_text(json.dumps(config))


def built(source, folder, *, rules=RULES, dtype="float32"):
    folder.mkdir(exist_ok=True)
    recipe = folder / "tiny.toml"
    head = f"qrecipe = 1\nname = \"tiny\"\nsource = '{source}'\n"
    recipe.write_text(f'{head}{rules}\n[[targets]]\nbackend = "mlx"\noutput = "out/"\ndtype = "{dtype}"\n')
    qrecipe.build(recipe, output=folder)
    return folder / "out"


def plain(artifact, folder):
    """Write the artifact's weights as MLX decodes them, without codes; return the folder."""
    folder.mkdir()
    config = json.loads((artifact / "config.json").read_text())
    section = config.pop("quantization")
    del config["quantization_config"]
    (folder / "config.json").write_text(json.dumps(config))
    arrays = {}
    for path in artifact.glob("*.safetensors"):
        arrays |= mx.load(str(path))
    for module in [name.removesuffix(".scales") for name in arrays if name.endswith(".scales")]:
        parts = [arrays.pop(f"{module}.{part}") for part in ("weight", "scales", "biases")]
        entry = section[module]
        arrays[f"{module}.weight"] = mx.dequantize(*parts, group_size=entry["group_size"], bits=entry["bits"])
    mx.save_safetensors(str(folder / "model.safetensors"), arrays)
    return folder


def logits(folder):
    model, _ = mlx_lm.load_model(folder)
    return np.array(model(mx.array([[5, 17, 3, 200, 41, 9]])))


def test_every_model_type_that_is_called_tried_is_tried():
    assert sorted(MODELS) == sorted(TRIED)


@pytest.mark.parametrize("kind", MODELS)
def test_mlx_lm_computes_what_the_weights_say(kind, source, tmp_path):
    checkpoint = source(MODELS[kind])
    assert json.loads((checkpoint / "config.json").read_text())["model_type"] == kind
    artifact = built(checkpoint, tmp_path)
    found, wanted = logits(artifact), logits(plain(artifact, tmp_path / "plain"))
    assert np.abs(wanted).max() > 0
    assert np.abs(found - wanted).max() <= 1e-4 * np.abs(wanted).max()
    kept = built(checkpoint, tmp_path / "kept", rules='[[rules]]\nmatch = "**"\ntype = "keep"\n')
    assert np.abs(found - logits(kept)).max() > 0


def test_arrays_and_config_are_those_that_mlx_lm_converts_to(source, tmp_path):
    checkpoint = source("qwen3-untied")
    ours = built(checkpoint, tmp_path, rules='[[rules]]\nmatch = "**"\ntype = "int4(group=32)"\n', dtype="auto")
    convert(str(checkpoint), str(tmp_path / "theirs"), quantize=True, q_bits=4, q_group_size=32)
    found, wanted = (mx.load(str(folder / "model.safetensors")) for folder in (ours, tmp_path / "theirs"))
    assert sorted(found) == sorted(wanted)
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype, name
        assert mx.array_equal(found[name], array), name
    sections = [
        json.loads((folder / "config.json").read_text())["quantization"] for folder in (ours, tmp_path / "theirs")
    ]
    assert sections[1].items() <= sections[0].items()
