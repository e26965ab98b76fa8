"""generation_config.json, as far as a GGUF has it outside `general.*`: tokens that are never to be generated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.architectures.entries import numbers

if TYPE_CHECKING:
    from qrecipe.types.metadata import MetadataEntry
    from qrecipe.types.source import Checkpoint


def suppressed_tokens(checkpoint: Checkpoint) -> tuple[MetadataEntry, ...]:
    """Return `suppress_tokens` as metadata; () where there are none."""
    path = None if checkpoint.folder is None else checkpoint.folder / "generation_config.json"
    if path is None or not path.is_file():
        return ()
    from pydantic import BaseModel, ConfigDict, TypeAdapter  # noqa: PLC0415  planning a GGUF file does without

    from qrecipe.architectures.tokenizer.documents import Id, parsed  # noqa: PLC0415  it imports pydantic

    class Generation(BaseModel):
        model_config = ConfigDict(strict=True, extra="ignore")
        suppress_tokens: list[Id] | None = None

    found = parsed(path, TypeAdapter(Generation)).suppress_tokens
    return (numbers("tokenizer.ggml.suppress_tokens", found),) if found else ()
