"""`TokenTable`: the tokens of a vocabulary as GGUF stores them, and its encoding, which is quick for half a million."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from qrecipe.types.metadata import MetadataEntry, MetadataKind

MOST_TOKENS = 1 << 21  # eight times the largest known vocabulary; padding is made for as many
_LENGTH = struct.Struct("<Q").pack


class TokenType(IntEnum):
    """What a token is, as GGUF numbers it (`gguf.TokenType`); SentencePiece's own numbers are the same."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The tokens by their numbers.

    Attributes:
        texts: UTF-8.
        types: A `TokenType` each.
        scores: One each; None for vocabularies without.
    """

    texts: Sequence[bytes]
    types: Sequence[int]
    scores: Sequence[float] | None = None

    def entries(self, model: str, pre: str | None = None) -> Iterator[MetadataEntry]:
        """Yield the metadata of the vocabulary; `pre` is left out where it is not known, or not said for this model."""
        yield string("tokenizer.ggml.model", model)
        if pre is not None:
            yield string("tokenizer.ggml.pre", pre)
        n = len(self.texts)
        if not n:
            return
        yield strings("tokenizer.ggml.tokens", self.texts)
        if self.scores is not None:
            scores = struct.pack(f"<{n}f", *self.scores)
            yield MetadataEntry.array("tokenizer.ggml.scores", MetadataKind.FLOAT32, n, scores)
        types = struct.pack(f"<{n}i", *self.types)
        yield MetadataEntry.array("tokenizer.ggml.token_type", MetadataKind.INT32, n, types)


def string(key: str, value: str) -> MetadataEntry:
    """Return an entry of text."""
    return MetadataEntry.of(key, MetadataKind.STRING, value)


def strings(key: str, texts: Sequence[bytes]) -> MetadataEntry:
    """Return an array of texts."""
    sizes = list(map(len, texts))
    lengths = {n: _LENGTH(n) for n in set(sizes)}
    pieces = [b""] * (2 * len(texts))
    pieces[::2] = map(lengths.__getitem__, sizes)
    pieces[1::2] = texts
    return MetadataEntry.array(key, MetadataKind.STRING, len(texts), b"".join(pieces))


def looks_special(token: str) -> bool:
    """Whether an added token is taken for a control token although its file does not say so (llama.cpp's converter)."""
    return (
        token in ("<pad>", "<mask>", "<2mass>", "[@BOS@]")
        or (token.startswith("<|") and token.endswith("|>"))
        or (token.startswith("<\uff5c") and token.endswith("\uff5c>"))
        or (token.startswith("<unused") and token.endswith(">"))
    )


def visible(token: str) -> str:
    """Return a user-defined token as llama.cpp matches it: with blanks, not with SentencePiece's mark for them."""
    return token.replace("▁", " ")
