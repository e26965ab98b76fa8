"""Names of modules: as a runtime has them, and what they say of a module's place.

A folder keeps the checkpoint's names for tensors, and transformers 5 renames some while loading. Targets in the config
are matched against modules, so they carry the names after that (`transformers/conversion_mapping.py`, the entry
`llava`, which Gemma 3 shares). vLLM maps exact names to its own tree from there; regular expressions it leaves alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module

_RENAMED = (
    ("language_model.model.", "model.language_model."),
    ("language_model.lm_head", "lm_head"),
    ("vision_tower.", "model.vision_tower."),
    ("multi_modal_projector.", "model.multi_modal_projector."),
)
_EXPERT = re.compile(r"(.*)\.experts\.\d+\.(\w+)")
_LAYER = re.compile(r"(?:.*\.)?layers\.(\d+)\..*")
_ROW_PARALLEL = ("o_proj", "down_proj", "out_proj", "w2")


def runtime_name(module: str) -> str:
    """Return a module's name as transformers 5 has it once the checkpoint is loaded."""
    for before, after in _RENAMED:
        if module.startswith(before):
            return after + module.removeprefix(before)
    return module


def module_of(module: Module) -> str:
    """Return the module that a written thing belongs to, whether it is quantized or a plain weight."""
    return module.name.removesuffix(".weight") if module.scheme is None else module.name


def leaf(module: str) -> str:
    """Return the last part of a name: `q_proj`."""
    return module.rpartition(".")[2]


def parent(module: str) -> str:
    """Return a name without its last part."""
    return module.rpartition(".")[0]


def expert_of(module: str) -> tuple[str, str] | None:
    """Return a routed expert's layer (`model.layers.3.mlp`) and projection (`up_proj`); None for other modules."""
    found = _EXPERT.fullmatch(module)
    return None if found is None else (found[1], found[2])


def layer_of(module: str) -> str | None:
    """Return the number of the layer in a name, as text."""
    found = _LAYER.fullmatch(module)
    return None if found is None else found[1]


def is_row_parallel(module: str) -> bool:
    """Say whether vLLM cuts the columns of this projection over its devices, not the rows."""
    return leaf(module) in _ROW_PARALLEL
