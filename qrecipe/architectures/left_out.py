"""Tensors of a checkpoint that its text model does not use: which, and what one needs to use them.

llama.cpp's converter skips by name what is not the text model's (`TextModel.filter_tensors`), and buffers that old
versions of transformers saved; so do we, and we count them. The scales of static activations, which quantization-aware
training leaves beside weights, are for targets that quantize activations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.types.tensor import LeftOut

if TYPE_CHECKING:
    from qrecipe.types.source import StoredTensor

_MMPROJ = "an mmproj file, which llama.cpp's convert_hf_to_gguf.py --mmproj makes"
_NEEDED: Mapping[str, str] = MappingProxyType(
    {
        "vision": _MMPROJ,
        "audio": _MMPROJ,
        "MTP": "a converter and a runtime that know them",
        "activation scale": "a target with static activations (compressed-tensors has them)",
        "unused": "",
    }
)
_BUFFERS = (".attention.masked_bias", ".attention.bias", ".rotary_emb.inv_freq")
_AUDIO = ("audio.", "audio_")
_VISION = (
    *("visual.", "vision.", "vision_", "projector.", "pre_mm_projector_norm", "image_newline", "view_seperator"),
    *("patch_embed", "patch_merger.", "patch_merge_mlp.", "model.connector."),
)
_MTP = ("mtp.", "model.mtp.")
_ACTIVATIONS = (".input_scale",)


def kind_of(name: str) -> str:
    """Return of which kind a stored tensor is that the text model does not use; '' where it may use it."""
    if name.endswith(_BUFFERS):
        return "unused"
    if name.endswith(_ACTIVATIONS):
        return "activation scale"
    if any(part in name for part in _AUDIO):
        return "audio"
    if any(part in name for part in _VISION):
        return "vision"
    return "MTP" if name.startswith(_MTP) else ""


def left_out(tensors: Sequence[StoredTensor]) -> tuple[LeftOut, ...]:
    """Count tensors that are left out, by kind."""
    kinds = [(kind_of(tensor.name), tensor.nbytes) for tensor in tensors]
    counted = {kind: [nbytes for each, nbytes in kinds if each == kind] for kind in _NEEDED}
    return tuple(LeftOut(kind, len(each), sum(each), _NEEDED[kind]) for kind, each in counted.items() if each)
