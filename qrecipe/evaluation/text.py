"""A text as tokens, by the tokenizer beside a checkpoint, and the BOS token, as llama.cpp would have both.

Special tokens that are spelled out in the text are taken as text, a single line break at the end is dropped, as
llama-perplexity has it. Whether a BOS token is wanted stands in GGUF metadata; where it does not, llama.cpp's defaults
hold (`llama-vocab.cpp`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.errors import SourceError
from qrecipe.evaluation import faults

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qrecipe.types.metadata import MetadataEntry

_WITH_BOS = frozenset({"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"})
_ALSO = frozenset({"jina-v5-nano", "tekken", "chameleon"})
_SENTENCEPIECE_BOS, _BPE_BOS = 1, 11  # ids that llama.cpp takes where the metadata has none


def read_text(path: Path) -> str:
    """Return the text; SourceError where there is none, or none in UTF-8."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
        raise SourceError(faults.text_missing(str(path), why)) from None
    return text.removesuffix("\n")


def tokens_of(text: str, folder: Path | None, source: str, bos: int | None) -> NDArray[np.int32]:
    """Return the tokens of a text, with `bos` before them; SourceError where the folder has no tokenizer."""
    if folder is not None and (folder / "tokenizer.json").is_file():
        tokens = _by(_by_tokenizers, text, folder / "tokenizer.json", source)
    elif folder is not None and (folder / "tokenizer.model").is_file():
        tokens = _by(_by_sentencepiece, text, folder / "tokenizer.model", source)
    else:
        raise SourceError(faults.no_tokenizer(source))
    return np.array([*([] if bos is None else [bos]), *tokens], np.int32)


def bos_of(metadata: Iterable[MetadataEntry]) -> int | None:
    """Return the token with which every window begins; None where the model wants none."""
    known = {entry.key.removeprefix("tokenizer.ggml."): entry.scalar() for entry in metadata}
    sentencepiece = known.get("model") == "llama"
    pre = known.get("pre")
    default = sentencepiece or pre in _WITH_BOS | _ALSO
    if known.get("model") != "gemma4" and not known.get("add_bos_token", default):
        return None
    bos = known.get("bos_token_id")
    return int(bos) if isinstance(bos, int) else _SENTENCEPIECE_BOS if sentencepiece else _BPE_BOS


def _by(cut: Callable[[str, Path], list[int]], text: str, path: Path, source: str) -> list[int]:
    try:
        return cut(text, path)
    except Exception as error:  # both packages raise what comes to hand
        raise SourceError(faults.no_tokenizer(source, path.name, str(error))) from error


def _by_tokenizers(text: str, path: Path) -> list[int]:
    from tokenizers import Tokenizer  # noqa: PLC0415 - heavy

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True
    found: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return found


def _by_sentencepiece(text: str, path: Path) -> list[int]:
    from sentencepiece import SentencePieceProcessor  # noqa: PLC0415 - heavy

    found: list[int] = SentencePieceProcessor(model_file=str(path)).encode(text)
    return found
