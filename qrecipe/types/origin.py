"""What a safetensors checkpoint holds under its own names, and beside its weights: what folder artifacts are made of.

GGUF artifacts need none of it: an architecture has made their names and metadata by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.types.source import StoredTensor


@dataclass(frozen=True, slots=True)
class Companion:
    """A file beside the weights that a runtime reads: tokenizer, chat template, generation settings.

    Attributes:
        name: Its plain name.
        nbytes: Its size.
    """

    name: str
    nbytes: int


@dataclass(frozen=True, slots=True)
class Origin:
    """A checkpoint under its own names.

    Attributes:
        tensors: By the checkpoint's name, in file order; those that the text model does not use too.
        config: `config.json`; None where there is none.
        companions: What else lies beside the weights, by name; `config.json` is not among them.
    """

    tensors: Mapping[str, StoredTensor]
    config: Mapping[str, object] | None = None
    companions: tuple[Companion, ...] = field(default_factory=tuple)
