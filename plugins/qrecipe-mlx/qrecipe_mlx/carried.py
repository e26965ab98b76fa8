"""GGUF types that are affine already, stored as MLX's codes, scales and biases: every weight stays what it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe_mlx.scheme import Affine

if TYPE_CHECKING:
    from qrecipe.types.format import Format

CARRIED: Mapping[str, int] = MappingProxyType({"Q4_0": 4, "Q4_1": 4, "Q5_0": 5, "Q5_1": 5, "Q8_0": 8})
"""Bits of a code, by the type's name; each has one scale of float16 for `GROUP` columns."""
GROUP = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried(Affine):
    """Affine arrays with the codes, scales and biases of a GGUF type.

    Attributes:
        blocks: That type, one of `CARRIED`.
    """

    blocks: Format

    @property
    def carried(self) -> Format:
        """The GGUF type."""
        return self.blocks

    def relaid(self, blocks: bytes, cols: int) -> bytes:
        """Return rows of that type as records."""
        from qrecipe_mlx import ggml, records

        return records.joined(*ggml.parts(self.blocks.name, blocks, cols), (self.width, self.dtype))
