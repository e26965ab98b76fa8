"""Three small models with weights, to be quantized for real by every file type.

`generated` is the mixture of experts that the goldens of single types use. `dense` has eight blocks, tied embeddings,
four query heads for each of values, rows that 256 does not divide. `eight` has eight experts, fused attention, a shared
expert, a first block without experts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import gguf
import numpy as np

from tests.oracle import generated_model
from tests.oracle.deterministic import normal

EMBD = 256
Shapes = dict[str, tuple[int, ...]]


def _dense() -> Shapes:
    shapes: Shapes = {"token_embd.weight": (512, EMBD), "output_norm.weight": (EMBD,)}
    block = {"attn_norm": (EMBD,), "attn_q": (256, EMBD), "attn_k": (64, EMBD), "attn_v": (64, EMBD)}
    block |= {"attn_output": (EMBD, 256), "ffn_gate": (320, EMBD), "ffn_up": (320, EMBD), "ffn_down": (EMBD, 320)}
    return shapes | {f"blk.{i}.{role}.weight": shape for i in range(8) for role, shape in block.items()}


def _eight() -> Shapes:
    shapes: Shapes = {f"{name}.weight": (512, EMBD) for name in ("token_embd", "output")}
    shapes["output_norm.weight"] = (EMBD,)
    attention = {"attn_norm": (EMBD,), "attn_qkv": (384, EMBD), "attn_output": (EMBD, 256)}
    first = {"ffn_gate": (512, EMBD), "ffn_up": (512, EMBD), "ffn_down": (EMBD, 512)}
    experts = {"ffn_gate_inp": (8, EMBD), "ffn_down_shexp": (EMBD, 256), "ffn_up_shexp": (256, EMBD)}
    experts |= {"ffn_gate_exps": (8, 64, EMBD), "ffn_up_exps": (8, 64, EMBD), "ffn_down_exps": (8, EMBD, 64)}
    for i in range(6):
        block = attention | (experts if i else first)
        shapes |= {f"blk.{i}.{role}.weight": shape for role, shape in block.items()}
    return shapes


def _writing(arch: str, blocks: int, shapes: Callable[[], Shapes], **facts: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        writer = gguf.GGUFWriter(path, arch)
        writer.add_block_count(blocks)
        writer.add_embedding_length(EMBD)
        writer.add_head_count(8)
        writer.add_layer_norm_rms_eps(1e-5)
        for key, value in facts.items():
            writer.add_uint32(f"{arch}.{key.replace('__', '.')}", value)
        for name, shape in shapes().items():
            writer.add_tensor(name, _values(name, shape))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    return write


def _values(name: str, shape: tuple[int, ...]) -> np.ndarray:
    kept = len(shape) == 1 or "ffn_gate_inp" in name
    values = (normal(name, int(np.prod(shape))) / 32).reshape(shape)
    return values.astype(np.float32 if kept else np.float16)


WRITERS: dict[str, Callable[[Path], None]] = {
    "generated": generated_model.write,
    "dense": _writing("llama", 8, _dense, context_length=256, attention__head_count_kv=2),
    "eight": _writing(
        "qwen3moe", 6, _eight, context_length=256, attention__head_count_kv=8, expert_count=8, expert_used_count=2
    ),
}


def matrices(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the matrices that an imatrix has data for: all but routers."""
    for tensor in gguf.GGUFReader(path).tensors:
        shape = tuple(int(n) for n in reversed(tensor.shape))
        if len(shape) > 1 and "ffn_gate_inp" not in tensor.name:
            yield tensor.name, shape
