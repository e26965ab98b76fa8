"""The pieces of a SentencePiece model, held against the package that defines the format."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path

import pytest
import sentencepiece

from qrecipe.architectures.tokenizer.pieces import Piece, read_pieces
from qrecipe.errors import SourceError


def _field(number: int, data: bytes) -> bytes:
    return bytes((number << 3 | 2, len(data))) + data


def _piece(text: bytes, score: float = -1.0, kind: int | None = None) -> bytes:
    last = b"" if kind is None else bytes((3 << 3, kind))
    return _field(1, _field(1, text) + b"\x15" + struct.pack("<f", score) + last)


def _model(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(data)
    return path


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_pieces_are_those_of_the_package(tmp_path: Path, kind: str):
    words = random.Random(7)  # noqa: S311 - a text to train on, the same each time
    lines = [" ".join("".join(words.choices("abcdeé€🦙", k=words.randint(1, 9))) for _ in range(8)) for _ in range(200)]
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=written, model_type=kind, vocab_size=300, byte_fallback=True,
        user_defined_symbols=["<mine>"], control_symbols=["<turn>"], minloglevel=9,
    )  # fmt: skip
    package = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    expected = [
        (package.IdToPiece(i), package.GetScore(i), package.IsUnknown(i), package.IsControl(i), package.IsByte(i))
        for i in range(package.vocab_size())
    ]
    found = read_pieces(_model(tmp_path, written.getvalue()))
    assert [(p.text.decode(), p.score, p.type == 2, p.type == 3, p.type == 6) for p in found] == expected
    assert len(found) == 300


def test_a_piece_has_a_type_unless_it_is_normal(tmp_path: Path):
    data = _piece(b"<unk>", 0.0, 2) + _piece(b"a", -1.5) + _piece(b"<0x0A>", 0.0, 6) + _field(2, b"trainer")
    assert read_pieces(_model(tmp_path, data)) == [
        Piece(b"<unk>", 0.0, 2),
        Piece(b"a", -1.5, 1),
        Piece(b"<0x0A>", 0.0, 6),
    ]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "tokenizer.model is no SentencePiece model: it has no pieces"),
        (_field(2, b"trainer"), "tokenizer.model is no SentencePiece model: it has no pieces"),
        (_piece(b"a")[:-1], "tokenizer.model is no SentencePiece model: byte 2 begins what ends outside of it"),
        (b"\x0a", "tokenizer.model is no SentencePiece model: byte 1 begins no number"),
        (b"\x08\x01", "tokenizer.model is no SentencePiece model: its pieces are no messages"),
        (b"\x0f", "tokenizer.model is no SentencePiece model: byte 1 begins nothing"),
        (_piece(b""), "piece 0 is empty"),
        (_piece(b"a") + _piece(b"a"), "piece 1 stands for the second time"),
        (_piece(b"a", kind=7), "piece 0 is of the unknown type 7"),
        (_piece(b"\xff"), "piece 0 is no UTF-8 text"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes, what: str):
    with pytest.raises(SourceError) as caught:
        read_pieces(_model(tmp_path, data))
    assert caught.value.diagnostics[0].what == what
