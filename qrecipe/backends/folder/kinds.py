"""What a tensor is to a runtime: a linear layer, an embedding, the head, a router, experts, or something else.

By canonical names where an architecture knows them, else by the usual last parts of a checkpoint's names. What is not
known to be a linear layer's weight is `other`: no runtime would look for codes there. So is `c_proj`, which GPT-2 and
its kin have as a Conv1D, columns by rows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from qrecipe.types.tensor import Inventory, TensorInfo

Kind = Literal["linear", "embedding", "head", "router", "experts", "fused experts", "other"]

_EMBEDDINGS = ("token_embd", "per_layer_token_embd", "position_embd", "token_types")
_UNKNOWN: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("embedding", re.compile(r"(.*\.)?(embed_\w+|\w*_?embeddings?|wte|wpe)")),
    ("head", re.compile(r"(.*\.)?(lm_head|embed_out|output)")),
    ("router", re.compile(r".*\.(router|gate|router\.\w+)")),
    ("experts", re.compile(r".*\.experts\.\d+\.\w+")),
    (
        "linear",
        re.compile(
            r".*\.((?!c_)\w*_proj|[qkvo]|w[123]|w[qkvo]|wqkv|qkv|fc\w*|linear\w*|dense\w*|\w+_dense|query|key|value"
            r"|query_key_value|ff_out)"
        ),
    ),
)


def kind_of(tensor: TensorInfo, inventory: Inventory) -> Kind:
    """Return what a tensor is."""
    return _canonical(tensor) if inventory.mapped else _by_suffix(tensor)


def _canonical(tensor: TensorInfo) -> Kind:
    if tensor.role in _EMBEDDINGS:
        return "embedding"
    if tensor.role == "output":
        return "head"
    if tensor.role.startswith("ffn_gate_inp"):
        return "router"
    if tensor.role.endswith("_exps"):
        return "fused experts" if len(tensor.source_names) == 1 else "experts"
    return "linear" if tensor.dims == 2 and tensor.name.endswith(".weight") else "other"  # noqa: PLR2004 - a matrix


def _by_suffix(tensor: TensorInfo) -> Kind:
    if not tensor.name.endswith(".weight"):
        fused = tensor.dims == 3 and ".experts." in tensor.name  # noqa: PLR2004 - a stack of matrices
        return "fused experts" if fused else "other"
    module = tensor.name.removesuffix(".weight")
    if len(tensor.shape) != 2:  # noqa: PLR2004 - a matrix
        return "other"
    return next((kind for kind, pattern in _UNKNOWN if pattern.fullmatch(module)), "other")
