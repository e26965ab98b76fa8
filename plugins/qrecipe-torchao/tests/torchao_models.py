"""Small random checkpoints, written without torch, and artifacts built of them."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import qrecipe

WIDTH, FEED, VOCAB, LAYERS, EXPERTS = 256, 512, 384, 2, 2
LINEAR = "blk.*.{attn_{q,k,v,output},ffn_{up,gate,down}}"
_LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": WIDTH,
    "intermediate_size": FEED,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-05,
    "vocab_size": VOCAB,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
_QWEN3MOE = _LLAMA | {
    "architectures": ["Qwen3MoeForCausalLM"],
    "model_type": "qwen3_moe",
    "num_experts": EXPERTS,
    "num_experts_per_tok": 1,
    "moe_intermediate_size": 128,
    "decoder_sparse_step": 1,
    "norm_topk_prob": True,
}


def llama(folder, *, tied=False, dtype="bfloat16", **config):
    """Write a Llama; return its folder."""
    config = _LLAMA | {"tie_word_embeddings": tied, "torch_dtype": dtype} | config
    shapes = {"model.embed_tokens.weight": (VOCAB, WIDTH), "model.norm.weight": (WIDTH,)}
    for layer in range(LAYERS):
        shapes |= _attention(f"model.layers.{layer}", config) | _feed(f"model.layers.{layer}.mlp", FEED)
    if not tied:
        shapes["lm_head.weight"] = (VOCAB, WIDTH)
    return _write(folder, shapes, config)


def qwen3moe(folder):
    """Write a Qwen3-MoE with an expert for each of its tensors; return its folder."""
    shapes = {
        "model.embed_tokens.weight": (VOCAB, WIDTH),
        "model.norm.weight": (WIDTH,),
        "lm_head.weight": (VOCAB, WIDTH),
    }
    for layer in range(LAYERS):
        block = f"model.layers.{layer}"
        shapes |= _attention(block, _QWEN3MOE) | {f"{block}.mlp.gate.weight": (EXPERTS, WIDTH)}
        shapes |= {f"{block}.self_attn.{norm}_norm.weight": (64,) for norm in "qk"}
        for expert in range(EXPERTS):
            shapes |= _feed(f"{block}.mlp.experts.{expert}", 128)
    return _write(folder, shapes, _QWEN3MOE)


def unknown(folder):
    """Write a model that no architecture of qrecipe claims; return its folder."""
    shapes = {"model.embed_tokens.weight": (VOCAB, WIDTH), "model.conv.weight": (8, 8, 4)}
    shapes |= {"model.layers.0.self_attn.q_proj.weight": (WIDTH, WIDTH), "model.layers.0.norm.weight": (WIDTH,)}
    return _write(folder, shapes, {"architectures": ["NovelForCausalLM"], "model_type": "novel", "dtype": "bfloat16"})


def _attention(block, config):
    wide, narrow = (config["head_dim"] * config[f"num_{heads}_heads"] for heads in ("attention", "key_value"))
    shapes = {"q": (wide, WIDTH), "k": (narrow, WIDTH), "v": (narrow, WIDTH), "o": (WIDTH, wide)}
    found = {f"{block}.self_attn.{name}_proj.weight": shape for name, shape in shapes.items()}
    return found | {f"{block}.{norm}_layernorm.weight": (WIDTH,) for norm in ("input", "post_attention")}


def _feed(block, feed):
    shapes = {"gate": (feed, WIDTH), "up": (feed, WIDTH), "down": (WIDTH, feed)}
    return {f"{block}.{name}_proj.weight": shape for name, shape in shapes.items()}


def _write(folder, shapes, config):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    rng, table, data = np.random.default_rng(11), {}, b""
    dtype = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}[config.get("torch_dtype", "bfloat16")]
    for name, shape in shapes.items():
        values = rng.normal(0, 0.05, shape).astype(np.float32) + np.float32(len(shape) == 1)
        raw = _stored(values, dtype)
        table[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    header = json.dumps({"__metadata__": {"format": "pt"}, **table}).encode()
    header += b" " * (-len(header) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + data)
    return folder


def _stored(values, dtype):
    if dtype == "BF16":
        return (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    return values.astype("<f2" if dtype == "F16" else "<f4").tobytes()


def recipe(source, rules, options=""):
    """Write a recipe beside a checkpoint: patterns and types in order, the rest kept; return its path."""
    lines = [f'[[rules]]\nmatch = "{match}"\ntype = "{kind}"\n' for match, kind in rules.items()]
    lines += [] if "**" in rules else ['[[rules]]\nmatch = "**"\ntype = "keep"\noptional = true\n']
    path = Path(source).parent / "small.toml"
    head = f'qrecipe = 1\nname = "small"\nsource = "{Path(source).name}"\n'
    target = f'[[targets]]\nbackend = "torchao"\noutput = "out/"\n{options}\n'
    path.write_text(head + "".join(lines) + target, encoding="utf-8")
    return path


def plan(source, rules, options=""):
    """Plan; return the one target."""
    return qrecipe.plan(recipe(source, rules, options)).targets[0]


def build(source, rules, options=""):
    """Build; return the artifact's folder."""
    output = Path(source).parent / "built"
    shutil.rmtree(output, ignore_errors=True)
    qrecipe.build(recipe(source, rules, options), output=output)
    return output / "out"
