"""Random models for llama-quantize --dry-run: a header with made-up tensors, and data of zeros that take no room.

Not sensible models, but ones whose names and shapes meet every branch of its type choice: dense blocks, experts with
and without shared ones, fused and low-rank attention, blocks without attention or FFN, MTP blocks, odd row lengths.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.sources import gguf_bytes
from tests.sources.gguf_bytes import I32, Row, pair, text, u32

TYPES = {"F32": 0, "F16": 1, "BF16": 30}
gguf_bytes.SIZES.setdefault(30, (1, 2))
ARCHITECTURES = (
    *("llama", "falcon", "qwen2", "qwen3", "qwen3moe", "gemma3", "deepseek2", "olmo", "jais2", "deci", "starcoder2"),
    *("phi3", "mpt", "glm5-next", "bailingmoe3", "llama-embed", "graniteswitch", "glm4moe", "qwen3next", "gpt-oss"),
)
_FLOATS = ("layer_norm_rms_epsilon", "layer_norm_epsilon", "group_norm_epsilon")  # of attention.


@dataclass(frozen=True, slots=True)
class Drawn:
    """A model: `facts` are metadata under the architecture's name, `tensors` name → shape (outermost first)."""

    arch: str
    facts: dict[str, int | list[int] | float]
    tensors: dict[str, tuple[int, ...]]
    dtype: str

    def write(self, path: Path) -> None:
        """Write it as a GGUF file with a hole for its data."""
        kinds = {name: 0 if len(shape) == 1 else TYPES[self.dtype] for name, shape in self.tensors.items()}
        rows = [Row(name.encode(), shape, kinds[name]) for name, shape in self.tensors.items()]
        pairs = list(self._pairs())
        header = gguf_bytes.head(len(rows), len(pairs)) + b"".join(pairs) + gguf_bytes.table(rows)
        header += b"\0" * (-len(header) % 32)
        size = sum(row.nbytes + -row.nbytes % 32 for row in rows)
        with path.open("wb") as file:
            file.write(header)
            file.truncate(len(header) + size)

    def _pairs(self):
        yield text(b"general.architecture", self.arch.encode())
        for key, value in self.facts.items():
            name = f"{self.arch}.{key}".encode()
            if isinstance(value, float):
                yield pair(name, gguf_bytes.FLOAT, struct.pack("<f", value))
            elif isinstance(value, list):
                yield gguf_bytes.array(name, I32, len(value), struct.pack(f"<{len(value)}i", *value))
            else:
                yield u32(name, value)


def draw(random: Random) -> Drawn:
    """Draw a model."""
    arch = random.choice(ARCHITECTURES)
    layers = _layers(random, arch)
    experts = random.choice([0, 0, 0, 1, 2, 4, 8, 8, 16, 64]) if arch not in ("falcon", "mpt", "starcoder2") else 0
    mtp = random.choice([0, 0, 0, 1]) if layers > 1 else 0
    return Drawn(
        arch, _facts(random, layers + mtp, experts, mtp), _tensors(random, layers + mtp, experts), _dtype(random)
    )


def _dtype(random: Random) -> str:
    return random.choice(["F32", "F16", "BF16"])


def _layers(random: Random, arch: str) -> int:
    special = {"llama": 80, "qwen2": 80, "olmo": 80, "deci": 80, "llama-embed": 80, "jais2": 68}
    if arch in special and random.random() < 0.5:
        return special[arch]
    return random.choice([1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 24, 32, 33])


def _facts(random: Random, layers: int, experts: int, mtp: int):
    heads = random.choice([8, 16, 32])
    kv = heads // random.choice([1, 2, 3, 4, 8])
    facts: dict[str, int | list[int] | float] = {
        "block_count": layers,
        "context_length": 128,
        "embedding_length": 256,
        "feed_forward_length": 512,
        "attention.head_count": heads,
        "vocab_size": 512,
    }
    if random.random() < 0.9:
        each = [random.choice([kv, 0, heads]) for _ in range(layers)]
        facts["attention.head_count_kv"] = kv if random.random() < 0.7 else each
    if experts:
        facts |= {"expert_count": experts, "expert_used_count": 1}
    if mtp:
        facts["nextn_predict_layers"] = mtp
    return facts | {f"attention.{name}": 1e-5 for name in _FLOATS} | NEEDED


NEEDED: dict[str, int | float | list[int]] = {  # what some architecture insists on, and no type depends on
    "attention.q_lora_rank": 32,
    "attention.kv_lora_rank": 32,
    "attention.key_length_mla": 64,
    "attention.value_length_mla": 64,
    "attention.sliding_window": 64,
    "attention.indexer.head_count": 1,
    "attention.indexer.key_length": 32,
    "attention.indexer.top_k": 8,
    "attention.indexer.kpool": 4,
    "attention.clamp_kqv": 1.0,
    "expert_feed_forward_length": 256,
    "expert_shared_count": 1,
    "expert_gating_func": 2,
    "leading_dense_block_count": 0,
    "ssm.conv_kernel": 4,
    "ssm.inner_size": 64,
    "ssm.state_size": 16,
    "ssm.group_count": 4,
    "ssm.time_step_rank": 4,
    "kda.head_dim": 32,
    "kda.gate_lower_bound": -5.0,
    "logit_scale": 1.0,
    "adapters.count": 1,
    "adapters.lora_rank": 4,
    "adapters.token_ids_activate": [1],
    "adapters.token_ids_substitute": [2],
    "hyper_connection.count": 4,
    "hyper_connection.sinkhorn_iterations": 4,
    "hyper_connection.epsilon": 1e-5,
}


def _tensors(random: Random, layers: int, experts: int) -> dict[str, tuple[int, ...]]:
    embd = _cols(random)
    tensors: dict[str, tuple[int, ...]] = {"token_embd.weight": (64, embd), "output_norm.weight": (embd,)}
    if random.random() < 0.6:
        tensors["output.weight"] = (64, embd)
    if random.random() < 0.15:
        tensors["per_layer_token_embd.weight"] = (64, _cols(random))
    if random.random() < 0.1:
        tensors |= {"per_layer_model_proj.weight": (64, embd), "position_embd.weight": (64, embd)}
    kind = _Kind(random, embd, experts)
    for layer in range(layers):
        tensors |= {f"blk.{layer}.{role}": shape for role, shape in kind.block(layer)}
    names = list(tensors)
    random.shuffle(names)
    return {name: tensors[name] for name in names}


def _cols(random: Random) -> int:
    return random.choice([256, 256, 256, 512, 512, 768, 288, 320, 64, 128, 96, 40])


class _Kind:
    """What the blocks of one model are made of."""

    def __init__(self, random: Random, embd: int, experts: int) -> None:
        self.random, self.embd, self.experts = random, embd, experts
        self.ff = _cols(random)
        self.attention = random.choice(["plain", "plain", "plain", "fused", "mla"])
        self.hybrid = random.random() < 0.25
        self.dense_first = random.choice([0, 0, 1, 3]) if experts > 1 else 0
        self.fused_gate = random.random() < 0.3
        self.shared = random.random() < 0.5
        self.extra = random.random() < 0.25

    def block(self, layer: int):
        embd, ff = self.embd, self.ff
        yield "attn_norm.weight", (embd,)
        if not self.hybrid or layer % 3 == 2:
            yield from self._attention()
        else:
            yield from {"ssm_in.weight": (64, embd), "ssm_conv1d.weight": (64, 4), "ssm_out.weight": (embd, 64)}.items()
        if self.hybrid and layer % 4 == 1:
            return
        if self.experts > 1 and layer >= self.dense_first:
            yield from self._experts()
        else:
            yield from {"ffn_up.weight": (ff, embd), "ffn_down.weight": (embd, ff)}.items()
            if not self.fused_gate:
                yield "ffn_gate.weight", (ff, embd)
        if self.extra:
            yield from {
                "attn_q.bias": (embd,),
                "nextn.eh_proj.weight": (embd, 2 * embd),
                "hc_fn.weight": (8, embd),
            }.items()
            yield from {"indexer.k_proj.weight": (8, embd), "ssm_beta.weight": (8, embd), "x.weight": (8, embd)}.items()

    def _attention(self):
        embd = self.embd
        if self.attention == "fused":
            yield "attn_qkv.weight", (3 * 32, embd)
        elif self.attention == "mla":
            yield from {
                "attn_q_a.weight": (32, embd),
                "attn_q_b.weight": (64, 32),
                "attn_kv_a_mqa.weight": (32, embd),
            }.items()
            yield from {
                "attn_kv_b.weight": (64, 32),
                "attn_k_b.weight": (4, 32, 64),
                "attn_v_b.weight": (4, 64, 32),
            }.items()
        else:
            yield from {"attn_q.weight": (64, embd), "attn_k.weight": (32, embd), "attn_v.weight": (32, embd)}.items()
        yield "attn_output.weight", (embd, 64 if self.attention == "mla" else 256)

    def _experts(self):
        embd, ff, n = self.embd, self.ff, self.experts
        yield from {"ffn_gate_inp.weight": (n, embd), "ffn_down_exps.weight": (n, embd, ff)}.items()
        if self.fused_gate:
            yield "ffn_gate_up_exps.weight", (n, 2 * ff, embd)
        else:
            yield from {"ffn_gate_exps.weight": (n, ff, embd), "ffn_up_exps.weight": (n, ff, embd)}.items()
        if self.shared:
            yield from {"ffn_down_shexp.weight": (embd, ff), "ffn_up_shexp.weight": (ff, embd)}.items()
            yield from {"ffn_gate_shexp.weight": (ff, embd), "ffn_gate_inp_shexp.weight": (2, embd)}.items()
