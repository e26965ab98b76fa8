"""What can be wrong with a tokenizer's files, in words: a function for each fault, called where the fact is known."""

from __future__ import annotations

from pathlib import Path

from qrecipe.errors import Diagnostic, Location, SourceError

_GET_AGAIN = "download the file again from the model's repository"


class TokenizerLackingError(SourceError):
    """There is no tokenizer beside the weights; its one diagnostic is a warning, fit for `Conversion.lacking`."""


def lacking(folder: Path | None, names: tuple[str, ...]) -> TokenizerLackingError:
    """None of the files that could hold the tokenizer is there."""
    either = " or ".join(names)
    return TokenizerLackingError(
        Diagnostic(
            "tokenizer-missing",
            f"the checkpoint has no tokenizer: no {either} beside the weights",
            None if folder is None else Location(file=str(folder)),
            why="a GGUF holds the vocabulary, and llama.cpp loads no model without it",
            fix=f"put {either} of this model into its folder, with tokenizer_config.json",
            severity="warning",
        )
    )


def unsettled(folder: Path) -> Diagnostic:
    """The tokenizer has no settings beside it."""
    return Diagnostic(
        "tokenizer-unsettled",
        "there is no tokenizer_config.json beside the tokenizer",
        Location(file=str(folder)),
        why="special tokens and the chat template are left out of the GGUF, or are the family's defaults",
        fix="put tokenizer_config.json of this model into its folder",
        severity="warning",
    )


def unreadable(path: Path, error: OSError) -> SourceError:
    """The system does not give the file."""
    return _error(
        "tokenizer-unreadable",
        Location(file=str(path)),
        f"{path.name} cannot be read: {error.strerror or error}",
        why="the system refused it",
        fix="see to the file's permissions and its disk",
    )


def too_large(path: Path, nbytes: int, most: int) -> SourceError:
    """No tokenizer has such a file."""
    return _error(
        "tokenizer-too-large",
        Location(file=str(path)),
        f"{path.name} has {nbytes} bytes; at most {most} are read",
        why="the largest known vocabularies need a third of that, and more would only fill the memory",
    )


def malformed(path: Path, key_path: str, what: str) -> SourceError:
    """The file is not what its name says."""
    return _error(
        "tokenizer-malformed",
        Location(file=str(path), key_path=key_path),
        what,
        why="what is meant cannot be told with certainty, and a tokenizer that was guessed makes a model talk nonsense",
    )


def wrong_kind(path: Path, key_path: str, found: str, wanted: str) -> SourceError:
    """A tokenizer of another kind than the family has."""
    return _error(
        "tokenizer-kind",
        Location(file=str(path), key_path=key_path),
        f"{path.name} holds {found}",
        why=f"this family of models has {wanted}, and GGUF stores each kind in its own way",
        fix="take the tokenizer from the repository that the weights come from",
    )


def wrong_ids(path: Path, key_path: str, what: str) -> SourceError:
    """Numbers that make no vocabulary."""
    return _error(
        "tokenizer-ids",
        Location(file=str(path), key_path=key_path),
        what,
        why="a token's number is its row of the embeddings, so each number stands for one token",
        fix="take the tokenizer from the repository that the weights come from",
    )


def refused(path: Path, words: str) -> SourceError:
    """The package `tokenizers` does not take the file."""
    return _error(
        "tokenizer-refused",
        Location(file=str(path)),
        f"the package tokenizers refuses {path.name}: {words}",
        why="the pre-tokenizer is recognised by what the tokenizer makes of a text",
        fix=f"{_GET_AGAIN}; a file of a later format needs a later release of the package tokenizers",
    )


def passed_over(path: Path, key_path: str, what: str) -> Diagnostic:
    """Something without which the tokenizer still works."""
    return Diagnostic(
        "tokenizer-oddity",
        what,
        Location(file=str(path), key_path=key_path),
        why="it means nothing to llama.cpp, so it is left out",
        fix="correct the file if the token matters",
        severity="warning",
    )


def _error(code: str, where: Location, what: str, *, why: str, fix: str = _GET_AGAIN) -> SourceError:
    return SourceError(Diagnostic(code, what, where, why, fix))
