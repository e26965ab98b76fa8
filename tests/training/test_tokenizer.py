"""The tokenizer of the models: made again from the text, and true to every text."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from training import tokenizer
from training.corpus import TEXT

MODELS = Path(__file__).parents[2] / "models"
FOLDERS = sorted(path.parent for path in MODELS.glob("*/config.json"))
TEXTS = ("", " ", "Rosalind.\nO my dear Orlando", "\n\n\n\nAct  II.", "café ☕ 日本", "\t<eos\x00", "two  blanks ▁ ")


def test_there_are_two_models():
    assert [folder.name for folder in FOLDERS] == ["bard-3m-qat-mobile", "bard-3m-qat-q4_0"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_text_makes_this_tokenizer(folder, tmp_path):
    tokenizer.write((TEXT / "train.txt").read_text(encoding="ascii"), tmp_path)
    for file in tmp_path.iterdir():
        assert file.read_bytes() == (folder / file.name).read_bytes()


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_comes_back(text):
    made = Tokenizer.from_file(str(FOLDERS[0] / "tokenizer.json"))
    ids = made.encode(text).ids
    assert ids[0] == 2
    assert made.decode(ids) == text.replace("▁", " ")


def test_no_piece_holds_a_blank_but_in_front_nor_a_newline_beside_a_letter():
    pieces = json.loads((FOLDERS[0] / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert len(pieces) == tokenizer.SIZE
    assert [
        piece for piece in pieces if "▁" in piece[1:] or " " in piece or ("\n" in piece and piece.strip("\n"))
    ] == []
