"""What is kept of large tokenizers: used where it is whole and the user's own, else as if it were not there."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from qrecipe.architectures.tokenizer import kept
from qrecipe.architectures.tokenizer.families import gemma4
from qrecipe.architectures.tokenizer.kept import LARGE, Kept, find, keep, key_of
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from tests.architectures.tokenizer.tokenizers import FALLBACK, changed, files

TOKENS = len(FALLBACK["model"]["vocab"])
OTHER = Kept(99, (MetadataEntry.of("a", MetadataKind.STRING, "ä\n"), MetadataEntry.of("b", MetadataKind.UINT32, 7)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A large tokenizer, and a cache that is empty."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_ASSETS_CACHE", raising=False)
    return files(tmp_path / "model", {"tokenizer.json": large(FALLBACK)})


def large(tokenizer: object) -> str:
    return json.dumps(tokenizer) + " " * LARGE


def place(folder: Path) -> Path:
    return folder.parent / "cache" / "assets" / "qrecipe" / "tokenizers"


def copy_of(folder: Path) -> Path:
    (path,) = place(folder).iterdir()
    return path


def put_other(folder: Path) -> None:
    keep(folder, key_of(folder), OTHER)


def test_the_second_reading_is_of_the_copy_and_gives_the_same(folder: Path):
    first = gemma4(folder, None)
    entries = first.entries()
    copy = copy_of(folder)
    assert (copy.stat().st_mode & 0o777, place(folder).stat().st_mode & 0o777) == (0o600, 0o700)
    assert find(key_of(folder)) == Kept(TOKENS, entries.entries)
    again = gemma4(folder, None)
    assert (again.rows, again.entries()) == (first.rows, entries)


def test_a_copy_is_what_is_believed(folder: Path):
    put_other(folder)
    found = gemma4(folder, None)
    assert (found.rows, found.entries().entries) == (99, OTHER.entries)


@pytest.mark.parametrize(
    "name", [*kept._NAMES[1:], "additional_chat_templates/tool.jinja", "tokenizer.model", "tokenizer.json"]
)
def test_a_file_that_comes_or_changes_is_another_tokenizer(folder: Path, name: str):
    put_other(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(" ")
    assert find(key_of(folder)) is None


def _flip(at: int) -> Callable[[Path], object]:
    def flip(path: Path) -> None:
        copy = bytearray(path.read_bytes())
        copy[at] ^= 1
        path.write_bytes(copy)

    return flip


def _linked(path: Path) -> None:
    path.symlink_to(path.rename(path.parent.parent / "elsewhere"))


SPOILT: dict[str, Callable[[Path], object]] = {
    "digest": _flip(0),
    "head": _flip(40),
    "last byte": _flip(-1),
    "truncated": lambda path: os.truncate(path, path.stat().st_size - 1),
    "nearly nothing left": lambda path: os.truncate(path, 5),
    "empty": lambda path: os.truncate(path, 0),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "others may write": lambda path: path.chmod(0o606),
    "the group may write": lambda path: path.chmod(0o620),
    "others may write to the folder": lambda path: path.parent.chmod(0o777),
    "link": _linked,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "pipe": lambda path: (path.unlink(), os.mkfifo(path, 0o600)),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_copy_is_as_if_it_were_not_there(folder: Path, spoil: Callable[[Path], object]):
    put_other(folder)
    spoil(copy_of(folder))
    found = gemma4(folder, None)
    assert (found.rows, found.entries().entries[0].scalar()) == (TOKENS, "gemma4")


def test_a_copy_under_another_key_is_not_believed(folder: Path):
    put_other(folder)
    wrong = copy_of(folder).rename(place(folder) / ("0" * 64))
    assert find(wrong.name) is None


def test_what_another_user_owns_is_neither_read_nor_written(folder: Path, monkeypatch: pytest.MonkeyPatch):
    put_other(folder)
    before = copy_of(folder).read_bytes()
    user = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: user + 1)
    assert gemma4(folder, None).rows == TOKENS
    gemma4(folder, None).entries()
    assert copy_of(folder).read_bytes() == before


@pytest.mark.parametrize("at", ["cache", "cache/assets/qrecipe/tokenizers"])
def test_a_cache_that_cannot_be_written_is_passed_over(folder: Path, at: str):
    path = folder.parent / at
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("no folder")
    assert gemma4(folder, None).entries().entries[0].scalar() == "gemma4"
    assert path.read_text() == "no folder"


def test_a_platform_without_owners_keeps_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "getuid")
    gemma4(folder, None).entries()
    assert not place(folder).exists()


def test_files_that_change_while_they_are_read_are_not_kept(folder: Path):
    found = gemma4(folder, None)
    (folder / "tokenizer.json").write_text(large(changed(FALLBACK, "model.vocab.c", 7)))
    found.entries()
    assert not place(folder).exists()


def test_nothing_small_is_kept_and_nothing_with_findings(folder: Path, tmp_path: Path):
    assert key_of(files(tmp_path / "small", {"tokenizer.json": FALLBACK})) is None
    files(folder, {"config.json": {"eos_token_id": -1}})
    assert [each.code for each in gemma4(folder, None).entries().findings] == ["tokenizer-oddity"]
    assert not place(folder).exists()


def test_the_eight_latest_copies_stay(folder: Path):
    for n in range(10):
        files(folder, {"config.json": {"n": n}})
        put_other(folder)
        os.utime(place(folder) / str(key_of(folder)), (n, n))
    files(folder, {"config.json": {"n": 10}})
    put_other(folder)
    assert len(list(place(folder).iterdir())) == 8
    assert find(key_of(folder)) == OTHER
