"""The checkpoint's files, as models of this family are published: config.json, weights, generation settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import Gemma4ForCausalLM


def write(trained: Gemma4ForCausalLM, folder: Path) -> None:
    """Save the model as it is; what full attention has of its own stands in config.json as Google writes it."""
    settings = {"do_sample": True, "temperature": 0.7, "top_k": 40, "top_p": 0.95}
    trained.generation_config.update(**settings)
    trained.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    del config["per_layer_config"]  # empty where both kinds of attention have heads of one size
    config["global_head_dim"] = config["head_dim"]
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
