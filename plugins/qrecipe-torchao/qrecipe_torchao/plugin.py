"""What the entry point names: the backend `torchao`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.backends.folder.backend import FolderBackend
from qrecipe.hooks import hookimpl

from qrecipe_torchao.family import Torchao

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qrecipe.types.target import Backend


qrecipe_api = 1


@hookimpl
def qrecipe_backends() -> Iterable[Backend]:
    """Offer the backend."""
    return [FolderBackend(Torchao())]
