from pathlib import Path

import pytest
import yaml

from qrecipe.errors import SourceError
from qrecipe.sources.local import LocalSource
from tests.sources.gguf_bytes import gguf
from tests.sources.safetensors_bytes import index, one

MESSAGES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "sources" / "local.yaml").read_text())
S1 = "model-00001-of-00001.safetensors"
_SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
BROKEN = {
    "empty folder": ({}, "."),
    "folder without weights": ({"config.json": b"{}", "README.md": b""}, "."),
    "folder with a pickle": ({"pytorch_model.bin": b"", "config.json": b"{}"}, "."),
    "a pickle": ({"model.pt": b"PK"}, "model.pt"),
    "two GGUF files": ({"a-Q4_0.gguf": gguf(), "b-Q8_0.gguf": gguf()}, "."),
    "GGUF and safetensors": ({"a.gguf": gguf(), "model.safetensors": one()}, "."),
    "index and another file": (
        {"model.safetensors.index.json": index({"a": S1}), S1: one(), "consolidated.safetensors": one()},
        ".",
    ),
    "shards without their index": ({_SHARDS[0]: one("a"), _SHARDS[1]: one("b")}, "."),
    "misspelt file": ({"model-Q4_0.gguf": gguf()}, "model-Q4_O.gguf"),
    "missing folder": ({}, "models/gemma/model.gguf"),
    "unknown kind": ({"notes.txt": b"hello"}, "notes.txt"),
    "nearly a GGUF file": ({"model.gguf": b"hello"}, "model.gguf"),
    "a part is missing": ({"m.gguf.part0": b"GG", "m.gguf.part2": b"UF"}, "m.gguf.part0"),
}


def write(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        Path(name).write_bytes(data)


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_checkpoint_is_refused_with_these_words(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files, reference = BROKEN[name]
    write(files)
    with pytest.raises(SourceError) as caught:
        LocalSource().open(reference, Path())
    assert str(caught.value).replace(str(tmp_path), "FOLDER") == MESSAGES[name].rstrip("\n")


@pytest.mark.parametrize(
    "files",
    [
        {"model.gguf": gguf()},
        {"model.gguf": gguf(), "config.json": b"{}", "README.md": b""},
        {"model.safetensors": one()},
        {"model.safetensors.index.json": index({"a": S1}), S1: one()},
        {"m.gguf.part0": gguf()[:100], "m.gguf.part1": gguf()[100:]},
    ],
)
def test_folder_with_one_checkpoint_opens(folder, files):
    write(files)
    assert len(LocalSource().open(".", folder).tensors) == 1


def test_content_decides_before_the_name(folder):
    Path("blob").write_bytes(gguf())
    Path("model.safetensors").write_bytes(gguf())
    assert [LocalSource().open(name, folder).container for name in ("blob", "model.safetensors")] == ["gguf", "gguf"]


def test_paths_are_relative_to_the_given_folder_and_the_reference_is_absolute(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "model.gguf").write_bytes(gguf())
    assert LocalSource().open("model.gguf", tmp_path / "sub").reference == str(tmp_path / "sub" / "model.gguf")


@pytest.mark.parametrize(
    ("reference", "claimed"),
    [("a.gguf", True), ("/m/a.gguf", True), ("C:\\m\\a.gguf", True), ("hf://x/y", False), ("pkg:x", False)],
)
def test_whatever_has_no_scheme_is_a_path(reference, claimed):
    assert LocalSource().claims(reference, Path()) is claimed
