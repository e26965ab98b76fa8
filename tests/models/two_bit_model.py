"""Writes a tiny Llama checkpoint as quantization-aware training for 2 bits leaves it: BF16 weights on a grid.

Every matrix is s * q, with a scale s of BF16 for each 256 weights of a row, so TQ2_0 holds it bit for bit: with
scale=negative if q is from -2 to 1, plain if it is from -1 to 1. Both grids have mean 0 and deviation 1/√columns. The
embeddings are tied, so that TQ2_0 is looked up in and multiplied with. The same on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.oracle.convert_hf.checkpoints import rounded
from tests.oracle.convert_hf.tiny_tokenizers import TOKENS, byte_fallback
from tests.oracle.deterministic import normal, uniform
from tests.sources.safetensors_bytes import entry, safetensors

WIDTH, FEED, KEYS, BLOCKS, BLOCK = 512, 1024, 256, 4, 256
CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": TOKENS,
    "hidden_size": WIDTH,
    "intermediate_size": FEED,
    "num_hidden_layers": BLOCKS,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 64,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-05,
    "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"},
    "tie_word_embeddings": True,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "dtype": "bfloat16",
}
_MATRICES = {
    "self_attn.q_proj": (WIDTH, WIDTH),
    "self_attn.k_proj": (KEYS, WIDTH),
    "self_attn.v_proj": (KEYS, WIDTH),
    "self_attn.o_proj": (WIDTH, WIDTH),
    "mlp.gate_proj": (FEED, WIDTH),
    "mlp.up_proj": (FEED, WIDTH),
    "mlp.down_proj": (WIDTH, FEED),
}


@dataclass(frozen=True, slots=True)
class Grid:
    """The type that holds it, and how often each q occurs; the mean is 0."""

    type: str
    shares: Mapping[int, float]

    @property
    def deviation(self) -> float:
        """Of q."""
        return sqrt(sum(share * q * q for q, share in self.shares.items()))


NEGATIVE = Grid("TQ2_0(scale=negative, fit=lattice(else=error))", {-2: 0.125, -1: 0.125, 0: 0.375, 1: 0.375})
ORDINARY = Grid("TQ2_0(fit=lattice(else=error))", {-1: 0.375, 0: 0.25, 1: 0.375})


def write(grid: Grid, folder: Path, least: int = -2) -> Path:
    """Write the checkpoint with its tokenizer; return its folder. Each q below `least` is raised to it."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    for name, data in byte_fallback(None).items():
        (folder / name).write_bytes(data)
    (folder / "model.safetensors").write_bytes(_tensors(grid, least))
    return folder


def _on_grid(grid: Grid, least: int, label: str, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a matrix of s * q; both factors and the product are exact in BF16."""
    drawn = uniform(f"{label}/q", prod(shape)).reshape(shape[0], -1, BLOCK)
    q = np.array(list(grid.shares))[np.searchsorted(np.cumsum(list(grid.shares.values())), drawn, "right")]
    q = np.maximum(q, least)
    wanted = (0.5 + uniform(f"{label}/s", prod(shape) // BLOCK)) / (grid.deviation * sqrt(shape[1]))
    scales = (wanted.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)
    matrix: NDArray[np.float32] = (scales.reshape(shape[0], -1, 1) * q).reshape(shape).astype(np.float32)
    return matrix


def _tensors(grid: Grid, least: int) -> bytes:
    values = {f"model.{name}.weight": _norm(name) for name in _norms()}
    values["model.embed_tokens.weight"] = _on_grid(grid, least, "embed", (TOKENS, WIDTH))
    for block in range(BLOCKS):
        for name, shape in _MATRICES.items():
            values[f"model.layers.{block}.{name}.weight"] = _on_grid(grid, least, f"{block}/{name}", shape)
    data = {name: rounded(array, "BF16") for name, array in values.items()}
    table, place = {}, 0
    for name, array in values.items():
        table[name] = entry("BF16", list(array.shape), place, place + len(data[name]))
        place += len(data[name])
    return safetensors(table, b"".join(data.values()))


def _norms() -> list[str]:
    kinds = ("input_layernorm", "post_attention_layernorm")
    return ["norm", *(f"layers.{block}.{kind}" for block in range(BLOCKS) for kind in kinds)]


def _norm(name: str) -> NDArray[np.float32]:
    return (1 + normal(name, WIDTH) / 8).astype(np.float32)
