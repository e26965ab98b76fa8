"""Names of modules that transformers 5 renames while it loads.

torchao's loader looks a parameter up in the metadata under its name in the model, so its arrays and its entry carry
that name from the start: Gemma 3's, of `transformers/conversion_mapping.py`'s entry `llava`. A plain tensor keeps the
checkpoint's name, which transformers renames as ever.
"""

from __future__ import annotations

_RENAMED = (
    ("language_model.model.", "model.language_model."),
    ("language_model.lm_head", "lm_head"),
    ("vision_tower.", "model.vision_tower."),
    ("multi_modal_projector.", "model.multi_modal_projector."),
)


def runtime_name(module: str) -> str:
    """Return a module's name as transformers has it once the checkpoint is loaded."""
    for before, after in _RENAMED:
        if module.startswith(before):
            return after + module.removeprefix(before)
    return module
