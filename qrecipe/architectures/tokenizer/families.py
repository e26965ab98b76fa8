"""`tokenizer.*` for each family: one function each, in what llama.cpp's converter calls `set_vocab`.

Each takes the folder beside the weights and returns all entries in order, every key once, and warnings. A folder
without a tokenizer raises `TokenizerLackingError`, which an architecture turns into `Conversion.lacking`; a tokenizer
that cannot be believed raises another `SourceError`, which should be let through.
"""

from __future__ import annotations

from pathlib import Path

from qrecipe.architectures.described import Described


def gemma4_entries(folder: Path | None) -> Described:
    """Return the entries of Gemma 4 (tokenizer.json)."""
    raise NotImplementedError


def gemma3_entries(folder: Path | None, vocab_size: int | None) -> Described:
    """Return the entries of Gemma 3: tokenizer.model, or else tokenizer.json.

    Args:
        folder: Where the files are.
        vocab_size: What config.json says (transformers' default where it is silent); None: as many as there are.
    """
    raise NotImplementedError


def llama_entries(folder: Path | None, vocab_size: int | None) -> Described:
    """Return the entries of Llama, Mistral, SmolLM2: tokenizer.model, or tokenizer.json of either kind."""
    raise NotImplementedError


def qwen_entries(folder: Path | None, vocab_size: int | None) -> Described:
    """Return the entries of Qwen 3, dense or not: tokenizer.model, or else tokenizer.json."""
    raise NotImplementedError


def gemma3_rows(folder: Path | None, vocab_size: int | None) -> int | None:
    """Return how many rows of Gemma 3's embeddings the converter keeps; None without a tokenizer (all)."""
    raise NotImplementedError
