"""A small mixture-of-experts model with rows that are a multiple of 256 long, so that every ggml type fits everywhere.

Two blocks of llama's architecture, four experts, 512 columns, a vocabulary of 512 tokens, F16 matrices and F32 norms:
10 MB. The weights are bell-shaped with outliers; the first rows of each matrix are what breaks encoders: zeros of both
signs, constants, subnormals, one large value, one-signed rows, near-constant rows, integer grids, mostly zeros.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from tests.oracle.deterministic import normal, uniform

LAYERS, EMBD, FF, EXPERTS, VOCAB, HEADS, KV_HEADS = 2, 512, 256, 4, 512, 8, 4


def write(path: Path) -> None:
    """Write the model as a GGUF file."""
    writer = gguf.GGUFWriter(path, "llama")
    _add_facts(writer)
    _add_tokenizer(writer)
    finish(writer, tensors())


def finish(writer: gguf.GGUFWriter, tensors: Iterable[tuple[str, NDArray[np.float16] | NDArray[np.float32]]]) -> None:
    """Write the file of all that the writer was told, and of these tensors."""
    for name, values in tensors:
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensors() -> Iterator[tuple[str, NDArray[np.float16] | NDArray[np.float32]]]:
    """Yield each tensor's name and values: F32 for norms and routers, F16 for the rest."""
    yield "token_embd.weight", _matrix("token_embd.weight", VOCAB, EMBD)
    for layer in range(LAYERS):
        for role, shape in _BLOCK.items():
            name = f"blk.{layer}.{role}.weight"
            yield name, _norm(name, *shape) if "norm" in role or role == "ffn_gate_inp" else _matrix(name, *shape)
    yield "output_norm.weight", _norm("output_norm.weight", EMBD)
    yield "output.weight", _matrix("output.weight", VOCAB, EMBD)


_BLOCK: dict[str, tuple[int, ...]] = {
    "attn_norm": (EMBD,),
    "attn_q": (EMBD, EMBD),
    "attn_k": (EMBD // HEADS * KV_HEADS, EMBD),
    "attn_v": (EMBD // HEADS * KV_HEADS, EMBD),
    "attn_output": (EMBD, EMBD),
    "ffn_norm": (EMBD,),
    "ffn_gate_inp": (EXPERTS, EMBD),
    "ffn_gate_exps": (EXPERTS, FF, EMBD),
    "ffn_up_exps": (EXPERTS, FF, EMBD),
    "ffn_down_exps": (EXPERTS, EMBD, FF),
}


def _norm(name: str, *shape: int) -> NDArray[np.float32]:
    count = int(np.prod(shape))
    return (1 + normal(name, count) / 8).astype(np.float32).reshape(shape)


def _matrix(name: str, *shape: int) -> NDArray[np.float16]:
    """Return weights of deviation 1/32, one in a thousand of them 20 times as large, hostile rows first."""
    cols, rows = shape[-1], int(np.prod(shape[:-1]))
    values = normal(name, rows * cols) / 32
    values[uniform(name + "/outliers", values.size) < 0.001] *= 20
    matrix = values.reshape(rows, cols)
    for row, hostile in enumerate(_hostile_rows(matrix[:16].copy(), cols)):
        matrix[row] = hostile
    return matrix.astype(np.float16).reshape(shape)


def _hostile_rows(ordinary: NDArray[np.float64], cols: int) -> Iterator[NDArray[np.float64]]:
    """Yield rows of `cols` values that encoders get wrong, made from as many ordinary ones."""
    place = np.arange(cols)
    yield np.zeros(cols)
    yield np.where(place % 2, -0.0, 0.0)
    yield np.full(cols, 0.03125)
    yield np.full(cols, -0.7)
    yield np.rint(ordinary[4] * 100) * 2.0**-24  # FP16's subnormals
    yield np.where(place == cols // 3, 2500.0, ordinary[5])  # NVFP4 ends at 2688
    yield np.abs(ordinary[6])
    yield -np.abs(ordinary[7])
    yield np.where(place % 77 == 5, -1.5, -1.0)  # leaves the range of ggml's fast rounding
    yield 5 + ordinary[9] / 64
    yield np.rint(ordinary[10] * 128).clip(-8, 7) / 64  # a 4-bit grid
    yield np.sign(ordinary[11]) / 16
    yield np.where(place % 10, 0.0, ordinary[12])
    yield np.ldexp(ordinary[13], -(place // 32 % 12))  # scales that differ from block to block
    yield np.where(place % 256 < 128, 0.0, ordinary[14])
    yield np.where(place % 2, ordinary[15].max(), -ordinary[15].max())  # the greatest magnitude with both signs


def _add_facts(writer: gguf.GGUFWriter) -> None:
    writer.add_name("qrecipe oracle model")
    writer.add_block_count(LAYERS)
    writer.add_context_length(256)
    writer.add_embedding_length(EMBD)
    writer.add_feed_forward_length(FF)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_expert_count(EXPERTS)
    writer.add_expert_used_count(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCAB)
    writer.add_rope_dimension_count(EMBD // HEADS)
    writer.add_file_type(1)


def _add_tokenizer(writer: gguf.GGUFWriter) -> None:
    """A SentencePiece vocabulary: three control tokens, the 256 bytes, and made-up words."""
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    names += [f"▁w{i}" for i in range(VOCAB - len(names))]
    kinds = [2, 3, 3] + [6] * 256 + [1] * (VOCAB - 259)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(names)
    writer.add_token_scores([-float(i) for i in range(VOCAB)])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
