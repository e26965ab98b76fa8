"""What can be wrong with a tokenizer's files, in words."""

from __future__ import annotations

from pathlib import Path

from qrecipe.errors import Diagnostic, Location, SourceError


class TokenizerLackingError(SourceError):
    """There is no tokenizer beside the weights; its one diagnostic is a warning, fit for `Conversion.lacking`."""


def lacking(folder: Path | None, names: tuple[str, ...]) -> TokenizerLackingError:
    """None of the files that could hold the tokenizer is there."""
    return TokenizerLackingError(
        Diagnostic(
            "tokenizer-missing",
            "the checkpoint has no tokenizer" if folder is None else f"no {' or '.join(names)} beside the weights",
            None if folder is None else Location(file=str(folder)),
            why="a GGUF holds the vocabulary, and llama.cpp loads no model without it",
            fix=f"put {' or '.join(names)} (with tokenizer_config.json) of this model into the folder",
            severity="warning",
        )
    )
