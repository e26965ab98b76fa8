"""The `quantization` of an MLX checkpoint's config.json: bits and group of each module, as mlx-lm looks them up.

mlx-lm renames modules while it loads and then asks for a module's path among the keys; what it does not find there has
the top level's bits and group, or, from 0.32.2 on, those that its shapes say. So each module stands under every path
that mlx-lm may have for it; keys that nothing asks for do no harm. Source: `mlx_lm/utils.py` and `sanitize` in
`mlx_lm/models/`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

Numbers = tuple[int, int]
"""Bits and group."""

_STACKED = {"w1": "gate_proj", "w2": "down_proj", "w3": "up_proj"}


def quantization(modules: Iterable[tuple[str, Numbers]]) -> Mapping[str, object]:
    """Return the keys of config.json for modules by name; none where there are no modules."""
    found = dict(modules)
    if not found:
        return {}
    (bits, group), _ = Counter(found.values()).most_common(1)[0]
    entries = {path: _entry(*numbers) for name, numbers in found.items() for path in paths(name)}
    section = {**_entry(bits, group), "mode": "affine", **entries}
    return {"quantization": section, "quantization_config": section}


def numbers_of(module: str, section: Mapping[str, object]) -> tuple[object, object]:
    """Return what a `quantization` says of a module: bits and group, whatever they are."""
    entries = (section.get(path) for path in paths(module))
    entry = next((entry for entry in entries if isinstance(entry, Mapping)), section)
    return entry.get("bits"), entry.get("group_size")


def paths(module: str) -> tuple[str, ...]:
    """Return the paths that mlx-lm may have for a module of the checkpoint, its own name first.

    >>> paths("model.language_model.layers.0.mlp.up_proj")
    ('model.language_model.layers.0.mlp.up_proj', 'language_model.model.layers.0.mlp.up_proj')
    >>> paths("model.layers.0.block_sparse_moe.experts.7.w1")
    ('model.layers.0.block_sparse_moe.experts.7.w1', 'model.layers.0.block_sparse_moe.switch_mlp.gate_proj')
    """
    inner = re.sub(r"^model\.language_model\.", "language_model.model.", module)
    other = re.sub(r"\.experts\.\d+\.(\w+)$", lambda m: f".switch_mlp.{_STACKED.get(m[1], m[1])}", inner)
    return (module,) if other == module else (module, other)


def _entry(bits: int, group: int) -> dict[str, object]:
    return {"group_size": group, "bits": bits}
