"""`general.*`: what a GGUF says about the model as a whole, as llama.cpp's converter finds it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qrecipe.architectures.described import Described

if TYPE_CHECKING:
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.tensor import Shape


def general_entries(architecture: str, checkpoint: Checkpoint, shapes: Mapping[str, Shape]) -> Described:
    """Return `general.*`, `general.architecture` first, and warnings about the model card.

    Args:
        architecture: GGUF's name of the family.
        checkpoint: Its folder's README.md, config.json and generation_config.json, and its reference.
        shapes: By canonical name, of all tensors that the GGUF will have: parameters are counted.
    """
    raise NotImplementedError
