import struct
from pathlib import Path

import pytest
import yaml

from qrecipe.errors import SourceError
from qrecipe.sources.local import LocalSource
from tests.sources.gguf_bytes import I32, Row, gguf, pair, text, u16

MESSAGES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "sources" / "gguf_split.yaml").read_text())


def part(number: int, count: int, names: list[bytes], total: int = 4, extra: tuple[bytes, ...] = ()) -> bytes:
    pairs = [u16(b"split.no", number), u16(b"split.count", count)]
    pairs.append(pair(b"split.tensors.count", I32, struct.pack("<i", total)))
    return gguf([Row(name) for name in names], [*pairs, *extra], data=[name.ljust(256, b".") for name in names])


def write(**files: bytes) -> None:
    for name, data in files.items():
        Path(f"{name.replace('_', '-')}.gguf").write_bytes(data)


def model(**changed: bytes | None) -> None:
    files = {
        "m_00001_of_00003": part(0, 3, [b"a"], extra=(text(b"general.name", b"first"),)),
        "m_00002_of_00003": part(1, 3, [b"b", b"c"]),
        "m_00003_of_00003": part(2, 3, [b"d"]),
    }
    write(**{name: data for name, data in {**files, **changed}.items() if data is not None})


def opened(name: str):
    return LocalSource().open(name, Path())


@pytest.mark.parametrize("named", ["m-00001-of-00003.gguf", "m-00003-of-00003.gguf", "."])
def test_any_part_or_the_folder_opens_all_parts(folder, named):
    model()
    checkpoint = opened(named)
    assert list(checkpoint.tensors) == ["a", "b", "c", "d"]
    assert [file.name for file in checkpoint.files] == [f"m-0000{i}-of-00003.gguf" for i in (1, 2, 3)]
    assert {name: checkpoint.read(name, 0, 2) for name in "abcd"} == {n: f"{n}.".encode() for n in "abcd"}
    assert "general.name" in [entry.key for entry in checkpoint.metadata]


def test_first_part_may_hold_no_tensor(folder):
    model(m_00001_of_00003=part(0, 3, []), m_00003_of_00003=part(2, 3, [b"d", b"a"]))
    assert list(opened(".").tensors) == ["b", "c", "d", "a"]


def test_one_of_one_needs_no_sibling(folder):
    write(m_00001_of_00001=part(0, 1, [b"a"], 1), other=gguf([Row(b"z")]))
    assert list(opened("m-00001-of-00001.gguf").tensors) == ["a"]


def test_a_name_like_a_part_means_nothing_without_split_count(folder):
    write(m_00001_of_00003=gguf([Row(b"a")]))
    assert list(opened("m-00001-of-00003.gguf").tensors) == ["a"]


BROKEN = {
    "a part is missing": {"m_00002_of_00003": None},
    "a part of another model": {"m_00002_of_00003": part(1, 4, [b"b", b"c"])},
    "a renamed part": {"m_00002_of_00003": part(2, 3, [b"b", b"c"])},
    "a part without split keys": {"m_00002_of_00003": gguf([Row(b"b"), Row(b"c")])},
    "a tensor in two parts": {"m_00003_of_00003": part(2, 3, [b"b"])},
    "fewer tensors than promised": {"m_00003_of_00003": part(2, 3, [])},
    "a part with a name that says nothing": {"m_00001_of_00003": None, "renamed": part(0, 3, [b"a"])},
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_splits_are_refused_with_these_words(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model(**BROKEN[name])
    with pytest.raises(SourceError) as caught:
        opened("renamed.gguf" if "renamed" in BROKEN[name] else "m-00003-of-00003.gguf")
    assert str(caught.value).replace(f"{tmp_path}/", "") == MESSAGES[name].rstrip("\n")


def test_metadata_never_becomes_a_path(folder):
    write(model=part(0, 2, [b"a"], extra=(text(b"split.path", b"../../etc/passwd"),)))
    with pytest.raises(SourceError, match="this name does not say which one it is"):
        opened("model.gguf")
