"""A small model's GGUF file, header and zeros, and command lines imported beside it: what the dialect's tests share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import qrecipe
from tests.oracle.mixtures.models import NEEDED, Drawn

ROLES = {"attn_q": 256, "attn_k": 256, "attn_v": 256, "attn_output": 256, "ffn_up": 256, "ffn_down": 512}


def model(
    path: Path, *, blocks: int = 8, arch: str = "llama", tied: bool = False, order: Sequence[str] = (), **facts: int
) -> Path:
    """Write a model of equal blocks; `order` are tensors that stand in its file before the others."""
    given = {"block_count": blocks, "embedding_length": 256, "attention.head_count": 8, "attention.head_count_kv": 8}
    tensors = {"token_embd.weight": (64, 256), "output_norm.weight": (256,)}
    tensors |= {} if tied else {"output.weight": (64, 256)}
    for block in range(blocks):
        tensors |= {f"blk.{block}.{role}.weight": (64, cols) for role, cols in ROLES.items()}
    tensors = {name: tensors[name] for name in (*order, *tensors)}
    Drawn(arch, given | facts | NEEDED, tensors, "F16").write(path)
    return path


def imported(line: str, **given) -> str:
    """Return the recipe of a command line, in the working folder."""
    return qrecipe.import_recipe(line, **given).recipe


def told(case: dict) -> object:
    """Import a case of the table of faults: files of the case and, unless it says no, a model."""
    for name, text in case.get("files", {}).items():
        Path(name).write_text(text, encoding="utf-8")
    if case.get("model", True):
        model(Path("m.gguf"))
    return qrecipe.import_recipe(case["line"], dialect=case.get("from", "llama-quantize")).findings
