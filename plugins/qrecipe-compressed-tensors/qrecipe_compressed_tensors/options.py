"""The keys of a `[[targets]]` table with `backend = "compressed-tensors"`, and its profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from qrecipe.backends.folder.options import FolderOptions

if TYPE_CHECKING:
    from qrecipe.types.target import Target

    from qrecipe_compressed_tensors.scheme import Activations

PROFILES = ("hf", "vllm")
"""Which runtime's limits hold; `hf` (transformers) where a target names none."""


class CompressedTensorsOptions(FolderOptions):
    """What a compressed-tensors target may say."""

    activations: Literal["none", "int8", "fp8", "static-int8", "static-fp8"] = Field(
        default="none",
        description="What happens to the inputs of `int8` modules without group (int8) or `fp8` modules (fp8): `int8`, "
        "`fp8`: quantized with a scale for each token; `static-…`: with the `input_scale` that the checkpoint has",
    )
    tp: int = Field(default=1, ge=1, description="vllm: over how many devices each layer is cut (tensor parallelism)")
    kernels: Literal["marlin", "humming"] = Field(
        default="marlin",
        description="vllm: `humming` for a build with these kernels, which take 2 to 8 bits, not 4 and 8",
    )
    lm_head: bool = Field(default=False, description="vllm: an output head with its own weights may be quantized")


def options_of(target: Target) -> CompressedTensorsOptions:
    """Return a target's own keys."""
    found = target.options
    return found if isinstance(found, CompressedTensorsOptions) else CompressedTensorsOptions()


def profile_of(target: Target) -> str:
    """Return whose limits hold."""
    return target.profile or PROFILES[0]


def activated(asked: Activations, type_: Literal["int8", "fp8"]) -> Activations:
    """Return what is done to the inputs of modules of this type."""
    return asked if asked.removeprefix("static-") == type_ else "none"
