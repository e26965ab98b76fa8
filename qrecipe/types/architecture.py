"""Architectures: checkpoint names ↔ canonical (GGUF) names, and the metadata that a converter adds.

None is built in yet; this is the seam for them and third parties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.tensor import TensorInfo


class Architecture(Protocol):
    """One family of models."""

    @property
    def name(self) -> str:
        """GGUF's `general.architecture`."""

    @property
    def protected(self) -> Sequence[str]:
        """Patterns of tensors that no rule reaches unless it says `protected = true`, besides the shipped ones."""

    def claims(self, config: Mapping[str, object]) -> bool:
        """Say whether a checkpoint with this `config.json` is of this family."""

    def checkpoint_names(self, canonical: str) -> tuple[str, ...]:
        """Return the checkpoint's names behind a canonical name, for `hf:` patterns; () if a converter makes it."""

    def tensors(self, checkpoint: Checkpoint) -> Sequence[TensorInfo]:
        """Return the tensors of a checkpoint under their canonical names, from headers alone, in any order.

        Raises:
            SourceError: The checkpoint lacks what this family must have.
        """

    def metadata(self, checkpoint: Checkpoint) -> Sequence[MetadataEntry]:
        """Return the GGUF metadata of a checkpoint, in the order in which it is written.

        Raises:
            SourceError: The checkpoint lacks what the metadata is made of.
        """
