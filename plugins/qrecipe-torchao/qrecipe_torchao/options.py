"""The keys of a torchao target."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from qrecipe.backends.folder.options import FolderOptions


class TorchaoOptions(FolderOptions):
    """What a target may say besides `backend`, `name`, `profile` and `output`."""

    layout: Literal["intx", "int8", "int4"] = Field(
        default="intx",
        description=(
            "Which class holds integers: `intx` for any width; `int8` puts 8 bits into Int8Tensor, which has kernels; "
            "`int4` does that too, and packs 4 bits with groups into Int4Tensor, for CUDA"
        ),
    )
    activations: Literal["none", "int8", "fp8"] = Field(
        default="none",
        description=(
            "What linear layers round their inputs to, token by token, when they compute: `int8` with integer weights "
            "(ExecuTorch's scheme), `fp8` with fp8 weights or, packed, int4(group=128), on CUDA"
        ),
    )
    device: Literal["cpu", "cuda"] = Field(
        default="cpu", description="Where the model will run; what runs on CUDA alone is refused for `cpu`"
    )
