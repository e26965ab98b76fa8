import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qrecipe.errors import SourceError
from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.joined import open_joined, whole_name

TEXT = bytes(range(256)) * 4


def cut(*sizes: int) -> list[Path]:
    paths, start = [], 0
    for number, size in enumerate(sizes):
        paths.append(Path(f"m.gguf.part{number:02}"))
        paths[-1].write_bytes(TEXT[start : start + size])
        start += size
    return paths


@pytest.mark.parametrize("sizes", [(1024,), (1, 1023), (300, 0, 400, 324), (512, 511, 1)])
@pytest.mark.parametrize(("start", "size"), [(0, 1024), (0, 0), (1024, 0), (299, 2), (511, 513), (1023, 1), (0, 301)])
def test_parts_read_as_the_whole(folder, sizes, start, size):
    assert open_joined(cut(*sizes)).read(start, size) == TEXT[start : start + size]


def test_threads_read_the_same_bytes(folder):
    string = open_joined(cut(300, 400, 324))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda start: string.read(start, 100), range(0, 900, 7)))
    assert found == [TEXT[start : start + 100] for start in range(0, 900, 7)]


def test_no_handle_stays_open(folder):
    string = open_joined(cut(300, 724))
    before = len(list(Path("/proc/self/fd").iterdir()))
    string.read(0, 1024)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert pickle.loads(pickle.dumps(string)) == string  # noqa: S301 - our own bytes


@pytest.mark.parametrize(("start", "size"), [(1024, 1), (0, 1025), (-1, 1), (5, -1)])
def test_reads_past_the_end_are_refused(folder, start, size):
    with pytest.raises(SourceError) as caught:
        open_joined(cut(1024)).read(start, size)
    assert (
        caught.value.diagnostics[0].what == f"{size} bytes are needed at byte {start}, but the file ends at byte 1024"
    )


@pytest.mark.parametrize(("data", "now"), [(b"short", 5), (TEXT + b"x", 1025)])
def test_file_that_changed_its_size_is_an_error(folder, data, now):
    Path("model.gguf").write_bytes(TEXT)
    string = open_bytes([Path("model.gguf")])
    Path("model.gguf").write_bytes(data)
    with pytest.raises(SourceError) as caught:
        string.read(0, 1)
    assert str(caught.value) == (
        f"error: the file had 1024 bytes when it was opened and has {now} now\n"
        "  --> model.gguf\n"
        "why: its header no longer describes what it holds\n"
        "fix: wait until nothing writes to it, then run again"
    )


def test_file_that_is_gone_is_an_error(folder):
    Path("model.gguf").write_bytes(TEXT)
    string = open_bytes([Path("model.gguf")])
    Path("model.gguf").unlink()
    with pytest.raises(SourceError) as caught:
        string.read(0, 1)
    assert str(caught.value) == (
        "error: cannot read the file: No such file or directory\n  --> model.gguf\nfix: check the spelling of the path"
    )


def test_pipe_is_refused_and_not_waited_for(folder):
    os.mkfifo("pipe.gguf")
    with pytest.raises(SourceError) as caught:
        open_bytes([Path("pipe.gguf")])
    assert str(caught.value) == ("error: pipe.gguf is no regular file\n  --> pipe.gguf\nfix: name a file or a folder")


def test_parts_may_count_from_one_and_come_in_any_order(folder):
    zero, one = cut(1000, 24)
    one.rename("m.gguf.part2")
    zero.rename("m.gguf.part1")
    string = open_joined([Path("m.gguf.part2"), Path("m.gguf.part1")])
    assert (string.name, string.read(0, 1024)) == ("m.gguf", TEXT)


@pytest.mark.parametrize(
    ("numbers", "what"),
    [
        (["00", "02"], "part 1 is missing"),
        (["2", "3"], "part 1 is missing"),
        (["0", "00"], "a part's number stands twice"),
    ],
)
def test_gaps_and_repeats_are_errors(folder, numbers, what):
    paths = [Path(f"m.gguf.part{number}") for number in numbers]
    for path in paths:
        path.write_bytes(b"x")
    with pytest.raises(SourceError) as caught:
        open_joined(paths)
    assert str(caught.value) == (
        f"error: {what}\n"
        "  --> m.gguf\n"
        f"why: there are {', '.join(path.name for path in paths)}\n"
        "fix: install or download all parts of it, each once"
    )


@pytest.mark.parametrize(
    ("name", "whole"),
    [("a.gguf.part00", "a.gguf"), ("a.safetensors.part7", "a.safetensors"), ("a.gguf", None), ("a.txt.part0", None)],
)
def test_names_of_parts(name, whole):
    assert whole_name(name) == whole
