"""A tiny Llama on disk, artifacts built of it, and its weights as an independent reader dequantizes them."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
import qrecipe

HEAD = 'qrecipe = 1\nname = "tiny"\nsource = "model"\n'
KEEP_REST = '[[rules]]\nmatch = "**"\ntype = "keep"\n'


def write_llama(folder: Path, *, dtype: str = "bfloat16", tied: bool = False, seed: int = 0) -> Path:
    """Save a random Llama of two layers, 256 wide."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=256,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=tied,
        dtype=dtype,
    )
    transformers.LlamaForCausalLM(config).to(getattr(torch, dtype)).save_pretrained(folder)
    return folder


def recipe(rules: dict[str, str], **target: object) -> str:
    """Return a recipe: patterns and types in order, the rest kept, and one target."""
    lines = [f'[[rules]]\nmatch = "{match}"\ntype = "{type_}"\n' for match, type_ in rules.items()]
    keys = [f"{key} = {json.dumps(value)}\n" for key, value in target.items()]
    ending = ['[[targets]]\nbackend = "compressed-tensors"\noutput = "out/"\n', *keys]
    rest = [] if "**" in rules else [KEEP_REST]
    return "".join([HEAD, *lines, *rest, *ending])


def build(model: Path, rules: dict[str, str], **target: object) -> Path:
    """Build an artifact beside the model, in a new folder, and return that."""
    path = model.parent / "tiny.toml"
    path.write_text(recipe(rules, **target).replace('"model"', f'"{model.name}"'), encoding="utf-8")
    output = Path(tempfile.mkdtemp(dir=model.parent))
    qrecipe.build(path, output=output)
    return output / "out"


def plan_of(model: Path, rules: dict[str, str], **target: object):
    """Plan an artifact; returns what the api returns."""
    path = model.parent / "tiny.toml"
    path.write_text(recipe(rules, **target).replace('"model"', f'"{model.name}"'), encoding="utf-8")
    return qrecipe.plan(path)


def arrays(folder: Path) -> dict[str, object]:
    """Return all tensors of a folder, as torch reads them."""
    load_file = pytest.importorskip("safetensors.torch").load_file
    return {name: array for path in sorted(folder.glob("*.safetensors")) for name, array in load_file(path).items()}


def dequantized(folder: Path) -> dict[str, object]:
    """Return the weights that an artifact stands for, made by compressed-tensors' unpacking and one multiplication."""
    torch = pytest.importorskip("torch")
    helpers = pytest.importorskip("compressed_tensors.compressors.pack_quantized.helpers")
    found = arrays(folder)
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    weights = {}
    for name, array in found.items():
        module, _, part = name.rpartition(".")
        if part == "weight_packed":
            shape = torch.Size(found[f"{module}.weight_shape"].tolist())
            codes = helpers.unpack_from_int32(array, _bits(module, config), shape)
        elif part == "weight" and f"{module}.weight_scale" in found:
            codes = array
        elif part in ("weight_scale", "weight_shape", "input_scale"):
            continue
        else:
            weights[name] = array
            continue
        scale = found[f"{module}.weight_scale"]
        wide = codes.float().view(len(codes), scale.shape[1], -1) * scale.float()[:, :, None]
        weights[f"{module}.weight"] = wide.view(codes.shape).to(scale.dtype)
    return weights


def logits(model: object, vocab: int = 256) -> np.ndarray:
    """Return a model's logits on fixed tokens, float32."""
    torch = pytest.importorskip("torch")
    tokens = torch.arange(48).reshape(2, 24) * 5 % vocab
    with torch.no_grad():
        return model(tokens).logits.float().numpy()


def load(folder: Path, **options: object):
    """Load a folder by transformers' usual door; fails where it warns of missing or unexpected weights."""
    transformers = pytest.importorskip("transformers")
    model, report = transformers.AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, **options)
    assert not report["missing_keys"], report
    assert not report["unexpected_keys"], report
    assert not report["mismatched_keys"], report
    return model.eval()


def _bits(module: str, config: dict) -> int:
    """Return the bits of a module's codes, from whatever names it in the config."""
    name = re.sub(r"^language_model\.model\.", "model.language_model.", module).replace(
        "language_model.lm_head", "lm_head"
    )
    for group in config["config_groups"].values():
        patterns = [target.removeprefix("re:") for target in group["targets"] if target.startswith("re:")]
        if name in group["targets"] or any(re.match(pattern, name) for pattern in patterns):
            return group["weights"]["num_bits"]
    raise AssertionError(module)


def reference(folder: Path, dtype: str = "bfloat16"):
    """Return the model that an artifact's dequantized weights make, loaded as any unquantized checkpoint is."""
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    plain = Path(tempfile.mkdtemp(dir=folder.parent))
    config = json.loads((folder / "config.json").read_text())
    del config["quantization_config"]
    (plain / "config.json").write_text(json.dumps(config))
    save_file(dequantized(folder), plain / "model.safetensors", metadata={"format": "pt"})
    return load(plain, dtype=getattr(torch, dtype))
