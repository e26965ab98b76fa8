"""MLX checkpoints for qrecipe: a backend, `mlx`, that writes what mlx-lm loads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from qrecipe import hookimpl

if TYPE_CHECKING:
    from qrecipe.types.target import Backend

qrecipe_api = 1


@hookimpl
def qrecipe_backends() -> Iterable[Backend]:
    """Offer the backend `mlx`."""
    from qrecipe_mlx.backend import MlxBackend  # noqa: PLC0415 - loads when backends are asked for

    return [MlxBackend()]
