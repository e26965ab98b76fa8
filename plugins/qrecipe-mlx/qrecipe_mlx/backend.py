"""The backend `mlx`: a folder backend for the family, which keeps tensors in the dtype that MLX computes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qrecipe.backends.folder.backend import FolderBackend
from qrecipe.backends.folder.dtypes import DTYPES
from qrecipe.backends.folder.family import Family
from qrecipe.backends.folder.options import FolderOptions

from qrecipe_mlx.family import MlxFamily

if TYPE_CHECKING:
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import TensorInfo


@dataclass(frozen=True, slots=True)
class MlxBackend(FolderBackend):
    """`FolderBackend`, except for what is kept."""

    family: Family = field(default_factory=MlxFamily)

    def keep(self, tensor: TensorInfo, target: Target) -> str:
        """Return the target's `dtype` for floats: MLX casts nothing, and where BF16 meets F16 computes in float32."""
        stored = FolderBackend.keep(self, tensor, target)
        asked = DTYPES.get(target.options.dtype) if isinstance(target.options, FolderOptions) else None
        return asked if asked and stored in DTYPES.values() else stored
