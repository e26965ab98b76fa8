"""Random options of llama-quantize, for a drawn model."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.oracle.mixtures.models import Drawn

FILE_TYPES = (
    *("Q1_0", "Q2_0", "Q4_0", "Q4_1", "MXFP4_MOE", "Q5_0", "Q5_1", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ1_S"),
    *("IQ1_M", "TQ1_0", "TQ2_0", "Q2_K", "Q2_K_S", "IQ3_XXS", "IQ3_S", "IQ3_M", "q3_k", "IQ3_XS", "Q3_K_S", "Q3_K_M"),
    *("Q3_K_L", "IQ4_NL", "IQ4_XS", "Q4_K", "q4_k_s", "Q4_K_M", "15", "Q5_K", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0"),
    *("F16", "BF16", "F32", "COPY"),
)
_TYPES = ("q4_0", "q8_0", "Q6_K", "q4_K", "iq4_nl", "iq3_s", "f16", "bf16", "mxfp4", "q2_k", "q5_1", "tq2_0", "IQ4_XS")
_PATTERNS = (
    *("attn_v", "attn_k", "attn_q", "ffn_down", "ffn_up", "ffn_gate", "ffn_down_exps", "attn_output", "output"),
    *(r"blk\.0\.", "blk.1.", r"blk\.[0-3]\.ffn_down", r"blk\.(0|2|4)\.attn_v\.weight", r"^blk\.\d\.attn", "ATTN_V"),
    *(
        r"\d\d\.attn_v",
        "token_embd",
        "per_layer",
        r"^output\.weight$",
        "shexp",
        r"exps\.weight$",
        "attn_(q|k|v)",
        "nothing",
    ),
    *(
        r"blk\.1?[2-6]\.",
        "ffn_.*exps",
        r"attn_[^qk]\.",
        "attn_qkv|attn_kv_b",
        r"\.\d+\.ffn_(?!up)",
        r"ssm|hc_",
        r"(^|b)lk\.3\.",
    ),
    *(
        r"blk\.[13579]\.ffn_(gate|down)",
        r"attn_v\b",
        r"blk\..?\.attn_v",
        "_exps|_shexp",
        r"(\d)\1\.",
        r"blk\.\d{2}\.",
        "k_b",
    ),
)


def draw(random: Random, model: Drawn, folder: Path) -> list[str]:
    """Draw options and a file type; files that they name are written into `folder`."""
    words: list[str] = []
    if random.random() < 0.12:
        words.append("--pure")
    if random.random() < 0.12:
        words.append("--leave-output-tensor")
    if random.random() < 0.1:
        words.append("--keep-split")  # visits tensors in the file's order, in a file that is whole too
    if random.random() < 0.2:
        words += ["--output-tensor-type", random.choice(_TYPES)]
    if random.random() < 0.2:
        words += ["--token-embedding-type", random.choice(_TYPES)]
    return [*words, *_overrides(random, model, folder), *_imatrix(random), "m.gguf", random.choice(FILE_TYPES)]


def _overrides(random: Random, model: Drawn, folder: Path) -> list[str]:
    words: list[str] = []
    for _ in range(random.choice([0, 0, 0, 1, 1, 2, 4])):
        words += ["--tensor-type", _override(random, model)]
    if random.random() < 0.1:
        lines = [_override(random, model) for _ in range(random.choice([1, 3, 8]))]
        (folder / "types.txt").write_text(random.choice([" ", "\n"]).join(lines))
        words += ["--tensor-type-file", "types.txt"]
    return words


def _imatrix(random: Random) -> list[str]:
    if random.random() < 0.6:
        return []
    words = ["--imatrix", "imatrix.dat"]
    if random.random() < 0.2:
        option = random.choice(["--include-weights", "--exclude-weights"])
        words += [option, random.choice(["attn", "ffn_down", "blk.0.", "weight", "zzz"])]
    return words


def _override(random: Random, model: Drawn) -> str:
    pattern = random.choice(_PATTERNS)
    if random.random() < 0.3:
        pattern = random.choice(list(model.tensors))
    return f"{pattern}={random.choice(_TYPES)}"
