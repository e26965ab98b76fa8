"""What is compared with llm-compressor: schemes as both sides name them, and the checkpoints.

llm-compressor computes in the checkpoint's dtype, compressed-tensors' arithmetic in qrecipe in float32. For checkpoints
in F32 that is the same, so every byte is compared; for BF16, scales are, and codes but for a few near the middle
between two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MODELS = ("llama", "qwen3")
DTYPES = ("F32", "BF16")
_INT = {"type": "int", "symmetric": True, "dynamic": False}
_FLOAT = {"type": "float", "symmetric": True, "dynamic": False, "num_bits": 8, "strategy": "channel"}


@dataclass(frozen=True, slots=True, eq=False)  # equal to itself alone, so that it can be a key
class Scheme:
    """One way to quantize.

    Attributes:
        name: Of the golden.
        type: As a recipe writes it.
        weights: llm-compressor's arguments for weights.
        activations: The same for inputs, dynamic ones; empty for weights alone.
        options: The keys of the recipe's target that ask for them.
    """

    name: str
    type: str
    weights: Mapping[str, object]
    activations: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> dict[str, object]:
        """Return what `QuantizationScheme` takes besides targets."""
        return {"weights": self.weights, **({"input_activations": self.activations} if self.activations else {})}


def _grouped(bits: int, group: int) -> Scheme:
    weights = {**_INT, "num_bits": bits, "strategy": "group", "group_size": group}
    return Scheme(f"w{bits}a16-g{group}", f"int{bits}(group={group})", weights)


_TOKEN = {"num_bits": 8, "symmetric": True, "dynamic": True, "strategy": "token"}
_W8 = {**_INT, "num_bits": 8, "strategy": "channel"}
SCHEMES = (
    _grouped(4, 32),
    _grouped(4, 128),
    _grouped(2, 32),
    _grouped(8, 32),
    Scheme("w8a16", "int8", _W8),
    Scheme("w8a8", "int8", _W8, {**_TOKEN, "type": "int"}, {"activations": "int8"}),
    Scheme("fp8", "fp8", _FLOAT),
    Scheme("fp8-dynamic", "fp8", _FLOAT, {**_TOKEN, "type": "float"}, {"activations": "fp8"}),
)
