"""The values of facts: what a condition sees for one tensor in one target. The table of facts is `recipe/facts.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory, TensorInfo

FactValue = int | str | bool | None
"""The value of a fact in conditions; None where the tensor or the model lacks it."""


def model_facts(inventory: Inventory, target: Target, imatrix: frozenset[str] | None) -> dict[str, FactValue]:
    """Return the facts that all tensors of a target share. `imatrix` is None without one."""
    facts = inventory.facts
    layers = [tensor.layer for tensor in inventory.tensors if tensor.layer is not None]
    return {
        "arch": inventory.arch,
        "n_layers": facts.n_layers if facts.n_layers is not None else 1 + max(layers, default=-1),
        "n_mtp_layers": facts.n_mtp_layers or 0,
        "n_experts": facts.n_experts,
        "n_embd": facts.n_embd,
        "n_vocab": facts.n_vocab,
        "n_heads": facts.n_heads,
        "n_kv_heads": facts.n_kv_heads,
        "gqa": _quotient(facts.n_heads, facts.n_kv_heads),
        "tied": inventory.tied,
        "has_imatrix": imatrix is not None,
        "target": target.name,
        "backend": target.backend,
        "profile": target.profile or "",
    }


def tensor_facts(
    tensor: TensorInfo, model: Mapping[str, FactValue], imatrix: frozenset[str] | None
) -> dict[str, FactValue]:
    """Return all facts of a tensor but `index` and `count`, which depend on the rule."""
    return {
        **model,
        "name": tensor.name,
        "role": tensor.role,
        "layer": tensor.layer,
        "cols": tensor.cols,
        "rows": tensor.rows,
        "stacked": tensor.stacked,
        "dims": tensor.dims,
        "params": tensor.params,
        "dtype": tensor.gguf_dtype,
        "imatrix": imatrix is not None and tensor.name in imatrix,
    }


def _quotient(heads: int | None, kv_heads: int | None) -> int | None:
    if heads is None or kv_heads is None:
        return None
    return heads // kv_heads if kv_heads else 0
