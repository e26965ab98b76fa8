import errno
import os
from pathlib import Path

import pytest

from qrecipe.backends.rows.place import Place
from qrecipe.errors import BuildError


def test_bytes_go_to_their_place(tmp_path: Path):
    path = tmp_path / "staged"
    path.write_bytes(bytes(10))
    Place(path, 4).write(b"abc")
    assert path.read_bytes() == b"\0\0\0\0abc\0\0\0"


def test_a_write_may_take_less_than_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda handle, data, offset: real(handle, data[:2], offset))
    path = tmp_path / "staged"
    path.write_bytes(bytes(9))
    Place(path, 1).write(b"abcdefg")
    assert path.read_bytes() == b"\0abcdefg\0"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the disk that is always full is Linux's")
def test_a_full_disk_is_told():
    with pytest.raises(BuildError) as caught:
        Place(Path("/dev/full"), 64).write(b"abc")
    assert str(caught.value) == (
        "error: no space is left for full (at byte 64)\n"
        "  --> /dev\n"
        "why: the artifact is written beside its final name, at its full size\n"
        "fix: free some space, or write to another disk, and build again"
    )


def test_a_quota_is_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(handle: int, data: memoryview, offset: int) -> int:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, "pwrite", refuse)
    (tmp_path / "staged").touch()
    with pytest.raises(BuildError, match="no space is left for staged"):
        Place(tmp_path / "staged", 0).write(b"abc")


def test_anything_else_is_told_in_the_system_s_words(tmp_path: Path):
    with pytest.raises(BuildError) as caught:
        Place(tmp_path / "gone", 0).write(b"abc")
    assert str(caught.value) == (
        "error: gone cannot be written (at byte 0): No such file or directory\n"
        f"  --> {tmp_path}\n"
        "why: the system refused it\n"
        "fix: see to the folder's disk and permissions, and build again"
    )
