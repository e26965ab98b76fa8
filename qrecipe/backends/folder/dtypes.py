"""In which dtype a runtime computes: as the target says, else as config.json does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qrecipe.backends.folder.options import FolderOptions

if TYPE_CHECKING:
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory

DTYPES: Mapping[str, str] = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
"""torch's names → safetensors'."""


def run_dtype(target: Target, inventory: Inventory) -> str:
    """Return `BF16`, `F16` or `F32`; `BF16` where nothing says."""
    asked = target.options.dtype if isinstance(target.options, FolderOptions) else "auto"
    return DTYPES.get(asked) or configured_dtype(None if inventory.origin is None else inventory.origin.config)


def configured_dtype(config: Mapping[str, object] | None) -> str:
    """Return what a config.json says, of the whole or of its text part."""
    whole = config or {}
    text = whole.get("text_config")
    parts = (whole, text if isinstance(text, Mapping) else {})
    named = (str(part.get(key)) for part in parts for key in ("dtype", "torch_dtype"))
    return next(
        (DTYPES[name.removeprefix("torch.")] for name in named if name.removeprefix("torch.") in DTYPES), "BF16"
    )
