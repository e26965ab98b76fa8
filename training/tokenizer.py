"""The tokenizer: BPE trained on the text, in the form of Gemma 4's own.

Blanks are `▁`, a character that is no piece falls to its UTF-8 bytes, BOS stands in front. While training, words and
newlines are cut apart, so that no piece holds a blank but in front, nor a newline beside anything else: llama.cpp
cuts text at newlines before it merges, and must come to the same pieces.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SIZE = 640
SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
_BLANK = "▁"


def write(text: str, folder: Path) -> None:
    """Train on the text, and write tokenizer.json and tokenizer_config.json."""
    merges = _merges(text, SIZE - len(SPECIAL) - 256)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("tokenizer.json", _whole(*merges)), ("tokenizer_config.json", _config())):
        lines = json.dumps(content, ensure_ascii=False, indent=1)
        (folder / name).write_text(lines + "\n", encoding="utf-8")


def _merges(text: str, pieces: int) -> tuple[list[str], list[list[str]]]:
    """Return the letters with the longer pieces, and the merges that make these."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers  # noqa: PLC0415 - heavy

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Replace(" ", _BLANK)
    words = Regex(rf"\n+|{_BLANK}?[^{_BLANK}\n]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(words, "isolated")
    trainer = trainers.BpeTrainer(vocab_size=pieces, show_progress=False)
    tokenizer.train_from_iterator([text], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return sorted(model["vocab"], key=model["vocab"].__getitem__), model["merges"]


def _whole(pieces: list[str], merges: list[list[str]]) -> dict[str, Any]:
    tokens = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    bos = {"SpecialToken": {"id": "<bos>", "type_id": 0}}
    parts = [{"Sequence": {"id": name, "type_id": 0}} for name in "AB"]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(number, token) for number, token in enumerate(SPECIAL)],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": _BLANK},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, parts[0]],
            "pair": [bos, *parts],
            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [SPECIAL.index("<bos>")], "tokens": ["<bos>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": _BLANK}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": merges,
        },
    }


def _added(number: int, token: str) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": token, **flags, "special": True}


def _config() -> dict[str, Any]:
    named = {f"{token[1:-1]}_token": token for token in SPECIAL}
    return {**named, "tokenizer_class": "GemmaTokenizer", "padding_side": "left", "model_max_length": 512}
