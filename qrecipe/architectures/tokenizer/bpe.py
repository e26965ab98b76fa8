"""The vocabulary of a byte-level BPE (tokenizer.json): GPT-2's kind, as Llama 3, SmolLM2 and Qwen have it.

llama.cpp's converter asks transformers; here the package `tokenizers` answers, on which transformers stands: the same
tokens are added (tokenizer_config.json's `added_tokens_decoder`, then special tokens that are still missing), and
texts of added tokens go through the tokenizer and back where they are not normalized. Source: `get_vocab_base` of
`conversion/base.py`. `tokenizers` is Rust: it gets only what `steps.py` lets through, without padding and truncation,
and what it panics at all the same is caught.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.documents import Model, content
from qrecipe.architectures.tokenizer.files import TokenizerFiles
from qrecipe.architectures.tokenizer.llama_hf import special_tokens
from qrecipe.architectures.tokenizer.sentencepiece import added_decoder
from qrecipe.architectures.tokenizer.steps import sound
from qrecipe.architectures.tokenizer.table import MOST_TOKENS, TokenTable, TokenType, looks_special, visible
from qrecipe.errors import SourceError

if TYPE_CHECKING:
    import tokenizers

Answer = TypeVar("Answer")
_PANIC = "PanicException"  # of pyo3; a BaseException, and importable from nowhere


@dataclass(frozen=True, slots=True)
class BpeTokenizer:
    """A tokenizer.json that is a byte-level BPE, opened; `cuts`: text is cut as the file says, which may take long."""

    path: Path
    tokenizer: tokenizers.Tokenizer
    cuts: bool = True

    def ask(self, question: Callable[[tokenizers.Tokenizer], Answer]) -> Answer:
        """Return an answer; SourceError where the package has none."""
        return _guarded(self.path, lambda: question(self.tokenizer))

    def ids(self, text: str) -> list[int]:
        """Return the numbers of a text's tokens, those that the tokenizer adds by itself included."""
        return self.ask(lambda tokenizer: tokenizer.encode(text).ids)


def open_bpe(files: TokenizerFiles) -> BpeTokenizer:
    """Open tokenizer.json; SourceError where it is of another kind, or refused."""
    model = files.json.model if files.json is not None else Model()
    if model.type not in ("BPE", None):
        raise faults.wrong_kind(files.json_path, "model.type", f"a tokenizer of type {model.type!r}", "a BPE")
    files.vocabulary()
    path = files.json_path
    given = _guarded(path, lambda: sound(content(path), path))
    opened = BpeTokenizer(path, _guarded(path, lambda: _loaded(given.data)), given.cuts)
    _add(opened, files)
    return opened


def bpe_table(files: TokenizerFiles, opened: BpeTokenizer, vocab_size: int | None) -> TokenTable:
    """Return the table; `vocab_size` None: as many tokens as there are."""
    texts = {number: text for text, number in opened.ask(lambda t: t.get_vocab(with_added_tokens=True)).items()}
    size = vocab_size if vocab_size is not None else len(texts)
    _check_size(files, size, max(texts, default=0))
    added = opened.ask(lambda t: t.get_added_tokens_decoder())
    found = [texts.get(i, f"[PAD{i}]") for i in range(size)]
    types = [TokenType.NORMAL if i in texts else TokenType.UNUSED for i in range(size)]
    for number, token in added.items():
        text = found[number] if token.normalized else _there_and_back(opened, found[number])
        control = token.special or looks_special(text)
        types[number] = TokenType.CONTROL if control else TokenType.USER_DEFINED
        found[number] = text if control else visible(text)
    return TokenTable([text.encode() for text in found], types)


def _check_size(files: TokenizerFiles, size: int, largest: int) -> None:
    if size > MOST_TOKENS:
        what = f"the model's vocabulary of {size} tokens is beyond belief; at most {MOST_TOKENS} are made"
        raise faults.wrong_ids(files.folder / "config.json", "vocab_size", what)
    if largest >= size:
        what = f"a token has the number {largest}, and the model's vocabulary ends at {size - 1}"
        raise faults.wrong_ids(files.json_path, "model.vocab", what)


def _there_and_back(opened: BpeTokenizer, text: str) -> str:
    return opened.ask(lambda t: t.decode(t.encode(text, add_special_tokens=False).ids, skip_special_tokens=False))


def _loaded(document: bytes) -> tokenizers.Tokenizer:
    from tokenizers import Tokenizer  # noqa: PLC0415 - heavy, and only BPE needs it

    return Tokenizer.from_buffer(document)


def _add(opened: BpeTokenizer, files: TokenizerFiles) -> None:
    """Add what transformers adds when it loads the folder."""
    from tokenizers import AddedToken  # noqa: PLC0415 - heavy, and only BPE needs it

    named = list(_existing_names(files))
    later = [
        AddedToken(
            token.content,
            single_word=token.single_word,
            lstrip=token.lstrip,
            rstrip=token.rstrip,
            normalized=not token.special if token.normalized is None else token.normalized,
            special=token.special or token.content in named,
        )
        for _, token in sorted(added_decoder(files), key=lambda item: item[0])
    ]
    known = {token.content for token in opened.ask(lambda t: t.get_added_tokens_decoder()).values()}
    known |= {token.content for token in later}
    missing = [AddedToken(text, special=True) for text in dict.fromkeys(named) if text not in known]
    opened.ask(lambda t: t.add_tokens([*later, *missing]))


def _existing_names(files: TokenizerFiles) -> Iterator[str]:
    return (text for text in special_tokens(files) if text)


def _guarded(path: Path, question: Callable[[], Answer]) -> Answer:
    try:
        return question()
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001 - the package raises plain Exception
        raise faults.refused(path, str(error)) from None
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise faults.refused(path, str(error)) from None
