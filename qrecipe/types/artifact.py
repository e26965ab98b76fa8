"""An artifact of several arrays a tensor, read back as tensors: what `verify`, `inspect` and `eval` look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.types.format import Format
    from qrecipe.types.source import Checkpoint


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished artifact, one tensor for each of its source's.

    Attributes:
        tensors: The artifact as a checkpoint under its source's names. A quantized tensor's `dtype` says in words what
            is stored, and its bytes are records.
        formats: What decodes the quantized ones, by the tensor's name.
    """

    tensors: Checkpoint
    formats: Mapping[str, Format]
