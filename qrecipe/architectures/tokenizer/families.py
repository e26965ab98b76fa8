"""`tokenizer.*` for each family: one function each, in what llama.cpp's converter calls `set_vocab`.

Each takes the folder beside the weights and returns all entries in order, every key once, and warnings (Gemma's: a
`GemmaTokenizer`, which makes them). A folder
without a tokenizer raises `TokenizerLackingError`, which an architecture turns into `Conversion.lacking`; a tokenizer
that cannot be believed raises another `SourceError`, which should be let through. A byte-level BPE whose pre-tokenizer
is not recognised has `tokenizer.ggml.model` = "gpt2" and no `tokenizer.ggml.pre`.
Sources: `conversion/{base,gemma,llama,qwen}.py` of llama.cpp b11434.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from qrecipe.architectures.described import Described, once
from qrecipe.architectures.tokenizer import faults
from qrecipe.architectures.tokenizer.bpe import bpe_table, open_bpe
from qrecipe.architectures.tokenizer.documents import TokenizerJson
from qrecipe.architectures.tokenizer.files import TOKENIZER_MODEL, TokenizerFiles, read_files
from qrecipe.architectures.tokenizer.kept import Kept, find, keep, key_of
from qrecipe.architectures.tokenizer.llama_hf import has_byte_fallback, llama_hf_table
from qrecipe.architectures.tokenizer.pre import pre_name
from qrecipe.architectures.tokenizer.sentencepiece import sentencepiece_table, token_count
from qrecipe.architectures.tokenizer.special import special_entries
from qrecipe.architectures.tokenizer.table import TokenTable, TokenType
from qrecipe.errors import Diagnostic
from qrecipe.types.metadata import MetadataEntry, MetadataKind

_JSON = "tokenizer.json"
_EITHER = (TOKENIZER_MODEL, _JSON)
_GEMMA_DEFAULTS = {
    "unk_token": "<unk>",
    "bos_token": "<bos>",
    "eos_token": "<eos>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}
_LLAMA_DEFAULTS = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
_VISIBLE = frozenset(  # Gemma 4 marks calls and thoughts with these, and chat parsers must see them
    (
        b"<|channel>",
        b"<channel|>",
        b"<|tool_call>",
        b"<tool_call|>",
        b"<|tool_response>",
        b"<tool_response|>",
        b'<|"|>',
    )
)
_CODE_LLAMA, _CODE_LLAMA_EOT = 32016, 32010
_NO_BOS = 49152


@dataclass(frozen=True, slots=True)
class GemmaTokenizer:
    """A tokenizer whose files are read once.

    Attributes:
        rows: How many rows of the embeddings the converter keeps; None without a tokenizer (all).
        entries: Makes the entries; TokenizerLackingError without a tokenizer.
    """

    rows: int | None
    entries: Callable[[], Described]


def gemma4(folder: Path | None, vocab_size: int | None) -> GemmaTokenizer:
    """Return what Gemma 4 has of its tokenizer (tokenizer.json)."""
    key = key_of(folder)
    known = find(key)
    if known is not None:
        return GemmaTokenizer(known.tokens, lambda: Described(known.entries))
    files = _present(folder)
    rows = _rows(files, vocab_size)

    def entries() -> Described:
        made = _gemma4(_needed(files, folder, _JSON))
        if rows is not None and not made.findings:
            keep(folder, key, Kept(rows, made.entries))
        return made

    return GemmaTokenizer(rows, entries)


def _gemma4(files: TokenizerFiles) -> Described:
    table = llama_hf_table(files, _GEMMA_DEFAULTS)
    types = list(table.types)
    for number, text in enumerate(table.texts):
        if text in _VISIBLE:
            types[number] = TokenType.USER_DEFINED
    tokens = tuple(replace(table, types=types).entries("gemma4"))
    special = special_entries(files, merges=True)
    flags = (_bool("tokenizer.ggml.add_space_prefix", value=False), _bool("tokenizer.ggml.add_bos_token", value=True))
    return _described(tokens, special, after=flags)


def gemma3(folder: Path | None, vocab_size: int | None) -> GemmaTokenizer:
    """Return what Gemma 3 has of its tokenizer: tokenizer.model, or else tokenizer.json.

    Args:
        folder: Where the files are.
        vocab_size: What config.json says (transformers' default where it is silent); None: as many as there are.
    """
    files = _present(folder)
    return GemmaTokenizer(_rows(files, vocab_size), lambda: _gemma3(_needed(files, folder, *_EITHER), vocab_size))


def _gemma3(files: TokenizerFiles, vocab_size: int | None) -> Described:
    if files.sentencepiece is None:
        return _bpe(files, vocab_size)
    flags = (_bool("tokenizer.ggml.add_space_prefix", value=False),)
    return _sentencepiece(files, files.sentencepiece, vocab_size, after=flags)


def llama_entries(folder: Path | None, vocab_size: int | None) -> Described:
    """Return the entries of Llama, Mistral, SmolLM2: tokenizer.model, or tokenizer.json of either kind."""
    files = read_files(folder, *_EITHER)
    prefix = files.setting("add_prefix_space")
    before = (_bool("tokenizer.ggml.add_space_prefix", value=prefix),) if isinstance(prefix, bool) else ()
    found = _llama(files, vocab_size)
    return Described(once((*before, *found.entries, *_by_size(files, vocab_size))), found.findings)


def _by_size(files: TokenizerFiles, vocab_size: int | None) -> tuple[MetadataEntry, ...]:
    """Return what the size of the vocabulary tells: CodeLlama has an end of turn, SmolLM2 and Granite no start."""
    if vocab_size == _NO_BOS:
        return (_bool("tokenizer.ggml.add_bos_token", value=False),)
    if vocab_size == _CODE_LLAMA:
        special = special_entries(files, kinds=("prefix", "suffix", "middle", "eot"))
        return (MetadataEntry.of("tokenizer.ggml.eot_token_id", MetadataKind.UINT32, _CODE_LLAMA_EOT), *special.entries)
    return ()


def qwen_entries(folder: Path | None, vocab_size: int | None) -> Described:
    """Return the entries of Qwen 3, dense or not: tokenizer.model, or else tokenizer.json."""
    files = read_files(folder, *_EITHER)
    if files.sentencepiece is not None:
        return _sentencepiece(files, files.sentencepiece, vocab_size)
    return _bpe(files, vocab_size)


def _present(folder: Path | None) -> TokenizerFiles | None:
    """Read Gemma's files; None where there are none, which is no fault before the entries are wanted."""
    try:
        return read_files(folder, *_EITHER)
    except faults.TokenizerLackingError:
        return None


def _needed(files: TokenizerFiles | None, folder: Path | None, *names: str) -> TokenizerFiles:
    if files is None or (names == (_JSON,) and files.json is None):
        raise faults.lacking(folder, names)
    return files


def _rows(files: TokenizerFiles | None, vocab_size: int | None) -> int | None:
    if files is None:
        return None
    if files.sentencepiece is not None:
        return token_count(files.sentencepiece, vocab_size)
    return files.tokens()


def _llama(files: TokenizerFiles, vocab_size: int | None) -> Described:
    if files.sentencepiece is not None:
        return _sentencepiece(files, files.sentencepiece, vocab_size)
    if not has_byte_fallback(files):
        return _bpe(files, vocab_size)
    named = files.setting("tokenizer_class") in ("LlamaTokenizer", "LlamaTokenizerFast")
    table = llama_hf_table(files, _LLAMA_DEFAULTS if named else {})
    return _described(table.entries("llama", "default"), special_entries(files, n_vocab=len(table.texts)))


def _sentencepiece(
    files: TokenizerFiles, model: Path, vocab_size: int | None, after: tuple[MetadataEntry, ...] = ()
) -> Described:
    table, findings = sentencepiece_table(files, model, vocab_size)
    special = special_entries(files, n_vocab=len(table.texts))
    return _described(table.entries("llama", "default"), special, after=after, findings=findings)


def _bpe(files: TokenizerFiles, vocab_size: int | None) -> Described:
    opened = open_bpe(files)
    table: TokenTable = bpe_table(files, opened, vocab_size)
    pre = pre_name(files.json, opened) if isinstance(files.json, TokenizerJson) else None
    return _described(table.entries("gpt2", pre), special_entries(files, merges=True))


def _described(
    tokens: Iterable[MetadataEntry],
    special: Described,
    *,
    after: tuple[MetadataEntry, ...] = (),
    findings: tuple[Diagnostic, ...] = (),
) -> Described:
    return Described(once((*tokens, *special.entries, *after)), (*findings, *special.findings))


def _bool(key: str, *, value: bool) -> MetadataEntry:
    return MetadataEntry.of(key, MetadataKind.BOOL, value)
