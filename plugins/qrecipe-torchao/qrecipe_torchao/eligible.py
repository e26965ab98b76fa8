"""Which tensors transformers can load as torchao's classes, and why the others not.

All was tried with transformers 5.23 and torchao 0.18 on small models. Where loading would garble a tensor, no message
tells the user: so it is refused here, before any work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.backends.folder.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qrecipe.types.tensor import Inventory, TensorInfo

_WHY = {
    "experts": "transformers joins the experts of a layer as it loads them, and leaves quantized ones random",
    "fused experts": "its experts are one tensor of three dimensions, and torchao's loader takes matrices",
    "router": "a router is no linear layer in transformers",
    "other": "only linear layers and embeddings have weights that torchao's loader takes",
}


def why_not(tensor: TensorInfo, inventory: Inventory) -> str | None:
    """Say why a tensor has to stay as it is; None if it may be quantized."""
    kind = kind_of(tensor, inventory)
    if kind == "linear":
        return None
    if kind == "head":
        return _TIED if _says_tied(inventory) else None
    if kind != "embedding":
        return _WHY[kind]
    if not inventory.mapped:
        return "the architecture is unknown, and of its tensors only linear layers' are quantized"
    if inventory.arch.startswith("gemma"):
        return "Gemma scales its embeddings as it looks them up: quantized ones load, and every logit is wrong"
    return _TIED if inventory.tied or _says_tied(inventory) else None


def linear(tensor: TensorInfo, inventory: Inventory) -> bool:
    """Say whether a tensor multiplies activations."""
    return kind_of(tensor, inventory) != "embedding"


_TIED = "the embeddings are the head too, and tied ones load garbled in some architectures"


def _says_tied(inventory: Inventory) -> bool:
    """Say whether config.json ties the embeddings to the head."""
    config: Mapping[str, object] = (inventory.origin and inventory.origin.config) or {}
    return config.get("tie_word_embeddings") is True
