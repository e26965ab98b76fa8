"""What qrecipe finds under the entry point `compressed-tensors`: one backend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import qrecipe

if TYPE_CHECKING:
    from qrecipe.types.target import Backend

qrecipe_api = 1
"""The version of the interface that this is written for."""


@qrecipe.hookimpl
def qrecipe_backends() -> Iterable[Backend]:
    """Offer `backend = "compressed-tensors"`."""
    from qrecipe.backends.folder.backend import FolderBackend  # noqa: PLC0415 - loads when a recipe is read

    from qrecipe_compressed_tensors.family import CompressedTensors  # noqa: PLC0415 - likewise

    return [FolderBackend(CompressedTensors())]
