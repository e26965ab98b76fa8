"""What transformers' own classes say of the tiny models: `config.json` and the names and shapes of the weights.

    python -m tests.oracle.convert_hf shapes          # needs torch and transformers; writes tests/golden/convert_hf/

The result is committed, so that checkpoints can be made without either.
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.oracle.convert_hf.families import Family

Json = dict[str, Any]
_ALWAYS = ("model_type", "architectures", "vocab_size", "dtype", "layer_types")


def of(family: Family) -> tuple[Json, dict[str, tuple[int, ...]]]:
    """Let transformers make the model and save it; return its config.json, and its tensors' shapes by name."""
    import transformers  # noqa: PLC0415 - heavy, and only this function needs it

    model = getattr(transformers, family.model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model(model.config_class(**family.settings)).save_pretrained(folder)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if family.old:
            config = _gemma4(config) or _before_5(_less_defaults(config, model.config_class().to_dict()))
            (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
            model(model.config_class.from_pretrained(folder)).save_pretrained(folder / "again")
            folder /= "again"
        header = _header(folder / "model.safetensors")
    saved = {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
    return config, saved | dict(family.extra)


def _less_defaults(config: Mapping[str, Any], defaults: Mapping[str, Any]) -> Json:
    """Leave out what equals its default, as most published configs do."""
    parts = {
        key: _less_defaults(value, defaults.get(key) or {})
        for key, value in config.items()
        if key.endswith("_config") and value
    }
    plain = {key: value for key, value in config.items() if key in _ALWAYS or value != defaults.get(key, ...)}
    return plain | parts


def _before_5(config: Mapping[str, Any]) -> Json:
    """Write rotary settings and the dtype under their older keys, here and in the parts of the model."""
    new = {key: _before_5(value) if key.endswith("_config") else value for key, value in config.items()}
    if "dtype" in new:
        new["torch_dtype"] = new.pop("dtype")
    if new["model_type"] == "qwen3_moe":
        new["num_experts"] = new.pop("num_local_experts")
    rope = new.pop("rope_parameters", None)
    if rope and "full_attention" in rope:
        new["rope_theta"] = rope["full_attention"]["rope_theta"]
        new["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        rope = rope["full_attention"]
    if rope:
        new["rope_theta"] = rope["rope_theta"]
        scaled = {key: value for key, value in rope.items() if key != "rope_theta"}
        new["rope_scaling"] = scaled if rope.get("rope_type", "default") != "default" else None
    return new


def _gemma4(config: Mapping[str, Any]) -> Json | None:
    """Return a Gemma 4 config with the full blocks' settings as it was published; None for another family."""
    text = dict(config.get("text_config") or {})
    layers = text.pop("per_layer_config", None)
    if layers is None:
        return None
    full = next(iter(layers.values()))
    heads = full.get("num_key_value_heads")
    text |= {"global_head_dim": full["head_dim"], "num_global_key_value_heads": heads}
    return {**config, "text_config": text}


def _header(path: Path) -> Json:
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header: Json = json.loads(file.read(size))
    return header
