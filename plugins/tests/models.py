"""Tiny random checkpoints, each with config.json, tokenizer and generation config, the same on every machine.

Families that qrecipe knows are those of `tests/oracle/convert_hf/families.py`: names and shapes are transformers' own.
Config and shapes of `MADE` are asked of transformers here: families that no architecture of qrecipe claims, and rows of
256 weights. Groups of 32 divide every row of the linear layers, groups of 128 those of `llama` and `qwen3`.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.oracle.convert_hf import checkpoints, tiny_tokenizers
from tests.oracle.convert_hf.cards import generation
from tests.oracle.convert_hf.families import FAMILIES, VOCAB, Family

_SMALL = {"vocab_size": VOCAB, "bos_token_id": 380, "eos_token_id": 381}
_ROWS = _SMALL | {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}

MADE = (
    Family("olmo2", "OLMo-2-tiny", "Olmo2ForCausalLM", _ROWS | {"num_key_value_heads": 2}, "byte_level_gpt2"),
    Family(
        "phi3",
        "Phi-3-tiny",
        "Phi3ForCausalLM",
        _ROWS | {"pad_token_id": 0},
        "byte_level_gpt2",
    ),
    Family("gpt-neox", "pythia-tiny", "GPTNeoXForCausalLM", _ROWS, "byte_level_gpt2"),
    Family(
        "llama-256",
        "Llama-tiny-256",
        "LlamaForCausalLM",
        _ROWS | {"hidden_size": 256, "intermediate_size": 512, "num_key_value_heads": 2},
        "byte_level_llama3",
    ),
    Family(
        "gpt2",  # its matrices are no Linear: columns by rows
        "gpt2-tiny",
        "GPT2LMHeadModel",
        _SMALL | {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 256},
        "byte_level_gpt2",
    ),
)
KNOWN = {family.name: family for family in FAMILIES}
GENERATION = generation(do_sample=False, max_new_tokens=16)


def write(name: str, parent: Path) -> Path:
    """Write the checkpoint of this name below `parent`, its weights in BF16; return its folder."""
    if name in KNOWN:
        folder = checkpoints.write(KNOWN[name], "BF16", parent)
    else:
        folder = _write_made(next(family for family in MADE if family.name == name), parent)
    if not (folder / "generation_config.json").exists():
        (folder / "generation_config.json").write_text(GENERATION, encoding="utf-8")
    return folder


def _write_made(family: Family, parent: Path) -> Path:
    import torch  # noqa: PLC0415 - heavy, and where it is absent no test gets here
    import transformers  # noqa: PLC0415

    folder = parent / family.folder
    kind = getattr(transformers, family.model)
    model = kind(kind.config_class(**family.settings)).to(torch.bfloat16)
    model.load_state_dict(
        {name: _tensor(family, name, value) for name, value in model.state_dict().items()}, strict=True
    )
    model.save_pretrained(folder)
    for name, data in tiny_tokenizers.KINDS[family.tokenizer](None).items():
        (folder / name).write_bytes(data)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["dtype"] == "bfloat16", config
    return folder


def _tensor(family: Family, name: str, value):
    import torch  # noqa: PLC0415

    if not value.is_floating_point():
        return value
    data = bytearray(checkpoints.weights(family, name, tuple(value.shape), "BF16"))
    return torch.frombuffer(data, dtype=torch.bfloat16).reshape(value.shape)
