"""Every broken file is refused, with these very words. New messages: write the file, run, read, and add the words."""

from pathlib import Path

import pytest
import yaml

from qrecipe.errors import SourceError
from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.gguf import open_gguf
from qrecipe.sources.imatrix import read_imatrix
from qrecipe.sources.local import LocalSource
from tests.sources import hostile_gguf, hostile_imatrix, hostile_safetensors


def open_gguf_bytes(data: bytes) -> None:
    Path("model.gguf").write_bytes(data)
    open_gguf(open_bytes([Path("model.gguf")]), "model.gguf")


def open_safetensors_files(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        Path(name).write_bytes(data)
    index = hostile_safetensors.INDEX
    LocalSource().open(index if index in files else "model.safetensors", Path())


def open_imatrix_bytes(data: bytes) -> None:
    Path("imatrix.file").write_bytes(data)
    read_imatrix(Path("imatrix.file"))


PARTS = {
    "gguf": (hostile_gguf.HOSTILE, open_gguf_bytes),
    "safetensors": (hostile_safetensors.HOSTILE, open_safetensors_files),
    "imatrix": (hostile_imatrix.HOSTILE, open_imatrix_bytes),
}
CASES = [(part, name) for part, (files, _) in PARTS.items() for name in files]
FOLDER = Path(__file__).parents[1] / "cases" / "sources"
MESSAGES = {part: yaml.safe_load((FOLDER / f"{part}.yaml").read_text(encoding="utf-8")) for part in PARTS}


@pytest.mark.parametrize("part", PARTS)
def test_every_broken_file_has_its_message(part):
    assert list(MESSAGES[part]) == list(PARTS[part][0])


@pytest.mark.parametrize(("part", "name"), CASES)
def test_broken_file_is_refused_with_these_words(part, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files, opener = PARTS[part]
    with pytest.raises(SourceError) as caught:
        opener(files[name])
    assert str(caught.value).replace(f"{tmp_path}/", "") == MESSAGES[part][name].rstrip("\n")
    assert all(diagnostic.fix for diagnostic in caught.value.diagnostics)
