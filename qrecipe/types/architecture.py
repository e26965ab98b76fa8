"""Architectures: a checkpoint's tensors under canonical (GGUF) names, and the metadata that a converter adds.

An architecture declares; it reads no weight. What it returns is data, which `sources/mapped.py` turns into a checkpoint
under canonical names: everything behind it works as for a GGUF file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.tensor import LeftOut
    from qrecipe.types.transform import Transform


@dataclass(frozen=True, slots=True)
class MappedTensor:
    """One tensor of the model under its canonical name.

    Attributes:
        name: The canonical name.
        value: What it is made of.
        gguf_dtype: What a GGUF stores when the tensor is kept (`F32` for norms and routers); None: what `value` has.
    """

    name: str
    value: Transform
    gguf_dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """What an architecture makes of a checkpoint.

    Attributes:
        tensors: The model's tensors, in any order.
        metadata: GGUF metadata in the order in which it is written, `general.architecture` first; without
            `general.file_type` and `general.quantization_version`, which the backend sets.
        left_out: The checkpoint's tensors that the model does not use, by kind.
        lacking: Why the metadata is not whole (no tokenizer), as a warning; None where it is. Sizes of files are
            estimates then, and a GGUF cannot be built.
        findings: Other warnings.
    """

    tensors: Sequence[MappedTensor]
    metadata: Sequence[MetadataEntry]
    left_out: Sequence[LeftOut] = ()
    lacking: Diagnostic | None = None
    findings: Sequence[Diagnostic] = ()


class Architecture(Protocol):
    """One family of models."""

    @property
    def name(self) -> str:
        """GGUF's `general.architecture`."""

    @property
    def models(self) -> Sequence[str]:
        """The classes that it converts, as `architectures` in config.json names them, for messages."""

    @property
    def protected(self) -> Sequence[str]:
        """Patterns of tensors that no rule reaches unless it says `protected = true`, besides the shipped ones."""

    def claims(self, config: Mapping[str, object]) -> bool:
        """Say whether a checkpoint with this `config.json` is of this family."""

    def checkpoint_names(self, canonical: str) -> tuple[str, ...]:
        """Return the checkpoint's names behind a canonical name of a GGUF file, for `hf:` patterns.

        () where a converter makes the tensor, and where its number of parts cannot be told from the name.
        """

    def convert(self, checkpoint: Checkpoint) -> Conversion:
        """Say what the checkpoint becomes, from its headers, its config and the files beside it.

        Raises:
            SourceError: The checkpoint lacks what this family must have, or contradicts its config.
        """
