"""Tokenizer files for the tiny models: made up, always the same, of the kinds that published models have.

Each function returns texts and bytes by file name. `real` is a vocabulary of llama.cpp's tree in place of the made-up
one; then it has the tokens of a published model, and the file is as large; the made-up one has 384.
Kinds: byte-level BPE (GPT-2, Llama 3, Qwen), BPE with byte fallback (Gemma 4, Llama 2's fast file), SentencePiece.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.oracle.convert_hf import sentencepiece_bytes
from tests.oracle.convert_hf.cards import TEMPLATE

Files = dict[str, bytes]
TOKENS = 384
CONTROL, USER_DEFINED, BYTE, UNKNOWN, NORMAL = 3, 4, 6, 2, 1  # as GGUF numbers them
_WORDS = (
    "the of and to in is that for it was on are as with his they at be this have from or one had by word but not what"
    " all were we when your can said there use an each which she do how their if will up other about out many then them"
    " these so some her would make like him into time has look two more write go see number no way could people my"
)
_SPLIT_LLAMA3 = (  # the pre-tokenizer of Llama 3, as its published tokenizer.json has it
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPLIT_QWEN2 = _SPLIT_LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens by id, their types as GGUF numbers them, merges in order (BPE), scores (SentencePiece), special ids."""

    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[tuple[str, str], ...] = ()
    scores: tuple[float, ...] = ()
    special: Mapping[str, int] | None = None

    def added(self) -> list[dict[str, object]]:
        """Return tokenizer.json's `added_tokens`: control and user-defined tokens."""
        return [
            {
                "id": number,
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": kind == CONTROL,
            }
            for number, (token, kind) in enumerate(zip(self.tokens, self.types, strict=True))
            if kind in (CONTROL, USER_DEFINED)
        ]

    def named(self) -> dict[str, str]:
        """Return the special tokens as tokenizer_config.json has them."""
        return {f"{name}_token": self.tokens[number] for name, number in (self.special or {}).items()}


def byte_level_gpt2(real: Vocabulary | None) -> Files:
    """StarCoder's and SmolLM's: GPT-2's pre-tokenizer, digits one by one; merges.txt too, and no word on BOS."""
    vocabulary = real or _byte_level(("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool>"), {"eos": 2, "unk": 0})
    splits = [{"type": "Digits", "individual_digits": True}, _bytes_step(use_regex=True)]
    config = {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": False, "model_max_length": 2048}
    return _files(
        vocabulary, {"pre_tokenizer": _sequence(splits), "post_processor": None}, config, beside=("merges.txt",)
    )


def byte_level_llama3(real: Vocabulary | None) -> Files:
    """Llama 3: whole words are looked up before merges, BOS by template; the chat template in a file of its own."""
    specials = ("<|begin_of_text|>", "<|end_of_text|>", "<|finetune_right_pad_id|>", "<|eot_id|>")
    vocabulary = real or _byte_level(specials, {"bos": 0, "eos": 3})
    bos = vocabulary.named()["bos_token"]
    template = _template(bos, vocabulary.tokens.index(bos))
    steps = {
        "pre_tokenizer": _sequence([_split(_SPLIT_LLAMA3), _bytes_step(use_regex=False)]),
        "post_processor": _processors([_bytes_step(use_regex=False) | {"trim_offsets": False}, template]),
    }
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": True}
    return _files(vocabulary, steps, config, ignore_merges=True) | {"chat_template.jinja": TEMPLATE.encode()}


def byte_level_qwen2(real: Vocabulary | None) -> Files:
    """Qwen: NFC, digits one by one, `bos_token` null; the chat template in tokenizer_config.json."""
    vocabulary = real or _byte_level(("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>"), {"eos": 2, "pad": 0})
    steps = {
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": _sequence([_split(_SPLIT_QWEN2), _bytes_step(use_regex=False)]),
        "post_processor": _bytes_step(use_regex=False) | {"trim_offsets": False},
    }
    config = {
        "tokenizer_class": "Qwen2Tokenizer",
        "bos_token": None,
        "add_bos_token": False,
        "add_prefix_space": False,
        "chat_template": TEMPLATE,
    }
    return _files(vocabulary, steps, config)


def gemma4(real: Vocabulary | None) -> Files:
    """Gemma 4: BPE over text with ▁ for blanks, bytes where a character is unknown."""
    specials = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<|tool>", "<|tool_call>", "<tool_call|>", "<|channel>")
    ids = {"bos": 2, "eos": 1, "unk": 3, "pad": 0, "mask": 4}
    vocabulary = real or _with_bytes(specials, ids)
    bos = _template("<bos>", 2)
    config = {"tokenizer_class": "GemmaTokenizer", "padding_side": "left"}
    return _files(vocabulary, _fallback_steps(bos, prepend=False), config, byte_fallback=True) | {
        "chat_template.jinja": TEMPLATE.encode()
    }


def byte_fallback(real: Vocabulary | None) -> Files:
    """Llama 2's fast tokenizer alone, without `tokenizer.model`."""
    vocabulary = real or _with_bytes(("<unk>", "<s>", "</s>"), {"bos": 1, "eos": 2, "unk": 0})
    bos = _template("<s>", 1)
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "legacy": False, "add_bos_token": True}
    return _files(vocabulary, _fallback_steps(bos, prepend=True), config, byte_fallback=True)


def sentencepiece(real: Vocabulary | None) -> Files:
    """`tokenizer.model` as Llama 2 and Mistral have it, special ids of Llama."""
    specials = ("<unk>", "<s>", "</s>")
    vocabulary = real or _pieces(specials, {"bos": 1, "eos": 2, "unk": 0}, TOKENS)
    config = {
        "tokenizer_class": "LlamaTokenizer",
        "add_bos_token": True,
        "add_eos_token": False,
        "added_tokens_decoder": _decoder(vocabulary, range(3)),
        "chat_template": TEMPLATE,
    }
    return _sentencepiece_files(vocabulary, config)


def sentencepiece_gemma(real: Vocabulary | None) -> Files:
    """Gemma 3's: other ids, fewer pieces than the model has rows, and tokens added behind and over them."""
    specials = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]")
    vocabulary = real or _pieces(specials, {"bos": 2, "eos": 1, "unk": 3, "pad": 0}, TOKENS - 8)
    added = {"380": "<image_soft_token>", "381": "<unused99>", "382": "▁▁"} if real is None else {}
    extra = {number: {"content": text, "special": number == "380"} for number, text in added.items()}
    config = {
        "tokenizer_class": "GemmaTokenizer",
        "add_bos_token": True,
        "add_eos_token": False,
        "added_tokens_decoder": _decoder(vocabulary, range(6)) | extra,
        "chat_template": TEMPLATE,
    }
    files = _sentencepiece_files(vocabulary, config)
    return files if real else files | {"added_tokens.json": _json({"<image_soft_token>": 380})}


def _files(
    vocabulary: Vocabulary,
    steps: Mapping[str, object],
    config: Mapping[str, object],
    beside: tuple[str, ...] = (),
    **model: bool,
) -> Files:
    """Return tokenizer.json with these steps and tokenizer_config.json; merges.txt where the kind has it."""
    ids = {token: n for n, token in enumerate(vocabulary.tokens)}
    whole = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": vocabulary.added(),
        "normalizer": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        **steps,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            **model,
            "vocab": ids,
            "merges": [list(pair) for pair in vocabulary.merges],
        },
    }
    lines = "".join(f"{left} {right}\n" for left, right in vocabulary.merges)
    return {
        "tokenizer.json": _json(whole),
        "tokenizer_config.json": _json(vocabulary.named() | dict(config)),
        **({"merges.txt": f"#version: 0.2\n{lines}".encode()} if beside else {}),
    }


def _sentencepiece_files(vocabulary: Vocabulary, config: Mapping[str, object]) -> Files:
    pieces = list(zip(vocabulary.tokens, vocabulary.scores, vocabulary.types, strict=True))
    return {
        "tokenizer.model": sentencepiece_bytes.model(pieces, vocabulary.special or {}),
        "tokenizer_config.json": _json(vocabulary.named() | dict(config)),
    }


def _byte_level(specials: tuple[str, ...], ids: Mapping[str, int]) -> Vocabulary:
    """Return a vocabulary of the 256 bytes as letters, merges of common words, and special tokens at the end.

    `ids` counts from the first special token; the last of them is user-defined where its name says so.
    """
    letters = tuple(sorted(_byte_letters().values()))
    merges, words = _merges(("Ġ" + word for word in _WORDS.split()), TOKENS - len(letters) - len(specials))
    tokens = letters + words + specials
    first = len(letters) + len(words)
    kinds = [NORMAL] * first + [USER_DEFINED if token in ("<tool>", "<think>") else CONTROL for token in specials]
    return Vocabulary(tokens, tuple(kinds), merges, special={name: first + n for name, n in ids.items()})


def _with_bytes(specials: tuple[str, ...], ids: Mapping[str, int]) -> Vocabulary:
    """Return a vocabulary of special tokens, the 256 bytes as `<0x41>`, letters, and merges of common words."""
    letters = ("▁", *sorted(set("".join(_WORDS.split()))))
    count = TOKENS - len(specials) - 256 - len(letters)
    merges, words = _merges(("▁" + word for word in _WORDS.split()), count)
    tokens = specials + tuple(f"<0x{byte:02X}>" for byte in range(256)) + letters + words
    control = [USER_DEFINED if token.endswith(("tool|>", "channel>")) else CONTROL for token in specials]
    kinds = control + [BYTE] * 256 + [NORMAL] * (count + len(letters))
    return Vocabulary(tokens, tuple(kinds), merges, special=ids)


def _pieces(specials: tuple[str, ...], ids: Mapping[str, int], count: int) -> Vocabulary:
    """Return the same as SentencePiece has it: scores in place of merges, `<unk>` of its own type."""
    whole = _with_bytes(specials, ids)
    tokens = whole.tokens[:count]
    kinds = [UNKNOWN if text == "<unk>" else kind for text, kind in zip(tokens, whole.types, strict=False)]
    first = len(specials) + 256
    scores = [0.0] * first + [-float(n) for n in range(count - first)]
    return Vocabulary(tokens, tuple(kinds), scores=tuple(scores), special=ids)


def _merges(words: Iterator[str], count: int) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the first `count` merges that build the words from left to right, and what each makes."""
    merges: dict[str, tuple[str, str]] = {}
    for word in words:
        for end in range(2, len(word) + 1):
            merges.setdefault(word[:end], (word[: end - 1], word[end - 1]))
    if len(merges) < count:
        raise ValueError(f"{len(merges)} merges are fewer than {count}")
    made = tuple(merges)[:count]
    return tuple(merges[token] for token in made), made


def _byte_letters() -> dict[int, str]:
    """Return GPT-2's letter for each byte: itself where it can be seen, else one from U+0100 on."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in seen]
    return {byte: chr(byte) for byte in seen} | {byte: chr(256 + n) for n, byte in enumerate(hidden)}


def _fallback_steps(post_processor: object, *, prepend: bool) -> dict[str, object]:
    blanks: dict[str, object] = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    front = {"type": "Prepend", "prepend": "▁"}
    back = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if prepend else []
    decoders = [back, {"type": "ByteFallback"}, {"type": "Fuse"}, *strip]
    return {
        "normalizer": {"type": "Sequence", "normalizers": [front, blanks]} if prepend else blanks,
        "pre_tokenizer": None,
        "post_processor": post_processor,
        "decoder": {"type": "Sequence", "decoders": decoders},
    }


def _template(bos: str, number: int) -> dict[str, object]:
    """Return the post-processor that puts BOS in front."""
    first, a, b = {"SpecialToken": {"id": bos, "type_id": 0}}, _sequence_of("A", 0), _sequence_of("B", 1)
    return {
        "type": "TemplateProcessing",
        "single": [first, a],
        "pair": [first, a, {"SpecialToken": {"id": bos, "type_id": 1}}, b],
        "special_tokens": {bos: {"id": bos, "ids": [number], "tokens": [bos]}},
    }


def _sequence_of(name: str, number: int) -> dict[str, object]:
    return {"Sequence": {"id": name, "type_id": number}}


def _sequence(steps: list[dict[str, object]]) -> dict[str, object]:
    return {"type": "Sequence", "pretokenizers": steps}


def _processors(steps: list[dict[str, object]]) -> dict[str, object]:
    return {"type": "Sequence", "processors": steps}


def _split(regex: str) -> dict[str, object]:
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}


def _bytes_step(*, use_regex: bool) -> dict[str, object]:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


def _decoder(vocabulary: Vocabulary, numbers: range) -> dict[str, object]:
    kinds = (CONTROL, UNKNOWN)
    return {
        str(n): {"content": vocabulary.tokens[n], "normalized": False, "special": vocabulary.types[n] in kinds}
        for n in numbers
    }


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


KINDS: Mapping[str, Callable[[Vocabulary | None], Files]] = {
    make.__name__: make
    for make in (
        byte_level_gpt2,
        byte_level_llama3,
        byte_level_qwen2,
        gemma4,
        byte_fallback,
        sentencepiece,
        sentencepiece_gemma,
    )
}
