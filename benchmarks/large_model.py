"""A model of the 1B class, made up: the shapes of Llama 3.2 1B, 1.24 billion gaussian weights.

Sixteen layers of 2,048 columns, 8,192 in the feed-forward, 512 for keys and values, a vocabulary of 128,256, tied to
the output; every type's block divides the rows. Matrices are F16, norms F32: a GGUF file of 2.5 GB. The weights are
cut from one pool of gaussian numbers, which takes seconds instead of minutes; an encoder cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np

from tests.oracle.generated_model import finish

LAYERS, EMBD, FF, VOCAB, HEADS, KV_HEADS = 16, 2048, 8192, 128256, 32, 8
_BLOCK = {
    "attn_q": (EMBD, EMBD),
    "attn_k": (EMBD // HEADS * KV_HEADS, EMBD),
    "attn_v": (EMBD // HEADS * KV_HEADS, EMBD),
    "attn_output": (EMBD, EMBD),
    "ffn_gate": (FF, EMBD),
    "ffn_up": (FF, EMBD),
    "ffn_down": (EMBD, FF),
}
_POOL = 300_000_001


def write(path: Path) -> None:
    """Write the model as a GGUF file."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("synthetic 1B")
    for add, value in (
        (writer.add_block_count, LAYERS),
        (writer.add_context_length, 2048),
        (writer.add_embedding_length, EMBD),
        (writer.add_feed_forward_length, FF),
        (writer.add_head_count, HEADS),
        (writer.add_head_count_kv, KV_HEADS),
        (writer.add_vocab_size, VOCAB),
        (writer.add_rope_dimension_count, EMBD // HEADS),
        (writer.add_file_type, 1),
    ):
        add(value)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"▁{i}" for i in range(VOCAB)])
    writer.add_token_scores([-float(i) for i in range(VOCAB)])
    writer.add_token_types([1] * VOCAB)
    finish(writer, tensors())


def tensors() -> Iterator[tuple[str, np.ndarray]]:
    """Yield each tensor's name and values: views of the pool, which is all that is held."""
    random = np.random.default_rng(1)
    pool = (random.standard_normal(_POOL, np.float32) * np.float32(0.02)).astype(np.float16)
    norm = np.ones(EMBD, np.float32)

    def matrix(rows: int, cols: int) -> np.ndarray:
        start = int(random.integers(0, _POOL - rows * cols))
        return pool[start : start + rows * cols].reshape(rows, cols)

    yield "token_embd.weight", matrix(VOCAB, EMBD)
    for layer in range(LAYERS):
        yield f"blk.{layer}.attn_norm.weight", norm
        yield f"blk.{layer}.ffn_norm.weight", norm
        for role, shape in _BLOCK.items():
            yield f"blk.{layer}.{role}.weight", matrix(*shape)
    yield "output_norm.weight", norm
