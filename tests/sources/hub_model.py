"""The model that tests of the hub ask for, and how they read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qrecipe.errors import SourceError
from qrecipe.sources.checkpoint import FileCheckpoint
from qrecipe.sources.hub import HubSource
from tests.sources import safetensors_bytes as made
from tests.sources.hub_server import COMMIT

PINNED = f"hf://org/name@{COMMIT}"
WEIGHTS = "model.safetensors"
FILES = {
    "config.json": b'{"model_type": "none"}',
    "tokenizer.json": b"{}",
    "README.md": b"---\nlicense: mit\n---\n",
    "pytorch_model.bin": b"no",
    WEIGHTS: made.one(value=7, shape=(1024, 8192)),
}


def opened(source: HubSource, reference: str = "hf://org/name") -> FileCheckpoint:
    return source.open(reference, Path())


def said(reference: str, source: HubSource) -> str:
    with pytest.raises(SourceError) as caught:
        opened(source, reference)
    return str(caught.value)


def said_of_reading(source: HubSource, size: int = 4096) -> str:
    checkpoint = opened(source)
    with pytest.raises(SourceError) as caught:
        checkpoint.read("a", 1 << 20, size)
    return str(caught.value)
