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
        tensors: The artifact as a checkpoint under its source's names; a quantized tensor's `dtype` names one of
            `formats`, and its bytes are records.
        formats: What decodes them, by the dtypes that no plug-in knows.
    """

    tensors: Checkpoint
    formats: Mapping[str, Format]
