"""Outputs appear under their own name only when they are whole."""

import errno
import os

import pytest

from qrecipe.api import staging
from qrecipe.api.staging import Staging
from qrecipe.errors import BuildError
from qrecipe.types.target import OutputFile

FILES = (OutputFile("a.gguf", 5000, 100), OutputFile("sub/deeper/b.gguf", 70, 10))


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_have_their_full_size_and_a_temporary_name_until_published(tmp_path):
    with Staging(tmp_path, FILES, replace=False) as stage:
        assert {path: staged.stat().st_size for path, staged in stage.paths.items()} == {
            "a.gguf": 5000,
            "sub/deeper/b.gguf": 70,
        }
        assert not (tmp_path / "a.gguf").exists()
        assert all(staged.name.endswith(".part") for staged in stage.paths.values())
        finals = stage.publish()
    assert finals == (tmp_path / "a.gguf", tmp_path / "sub/deeper/b.gguf")
    assert names(tmp_path) == ["a.gguf", "sub", "sub/deeper", "sub/deeper/b.gguf"]


@pytest.mark.parametrize("failure", [RuntimeError("boom"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_a_failure_leaves_no_trace(tmp_path, failure):
    with pytest.raises(type(failure)), Staging(tmp_path, FILES, replace=False):
        raise failure
    assert names(tmp_path) == []


def test_the_output_folder_is_made_and_removed_again(tmp_path):
    folder = tmp_path / "new" / "er"
    with Staging(folder, FILES, replace=False):
        assert folder.is_dir()
    assert names(tmp_path) == []


def test_an_existing_output_is_refused_and_left_alone(tmp_path):
    (tmp_path / "a.gguf").write_text("mine")
    with pytest.raises(BuildError) as caught, Staging(tmp_path, FILES, replace=False):
        pass
    assert str(caught.value) == (
        f"error: {tmp_path}/a.gguf exists\n"
        "why: nothing is overwritten without being asked to\n"
        "fix: remove it, pass --force, or use --output"
    )
    assert names(tmp_path) == ["a.gguf"]
    assert (tmp_path / "a.gguf").read_text() == "mine"


def test_force_replaces_a_file_when_the_new_one_is_whole(tmp_path):
    (tmp_path / "a.gguf").write_text("mine")
    with Staging(tmp_path, FILES[:1], replace=True) as stage:
        assert (tmp_path / "a.gguf").read_text() == "mine"
        stage.publish()
    assert (tmp_path / "a.gguf").stat().st_size == 5000


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path):
    with Staging(tmp_path, FILES[:1], replace=False) as stage:
        (tmp_path / "a.gguf").write_text("theirs")
        with pytest.raises(BuildError, match="exists"):
            stage.publish()
    assert names(tmp_path) == ["a.gguf"]
    assert (tmp_path / "a.gguf").read_text() == "theirs"


def test_a_folder_of_that_name_is_never_replaced(tmp_path):
    (tmp_path / "a.gguf").mkdir()
    with pytest.raises(BuildError, match=r"a\.gguf exists and is a folder"), Staging(tmp_path, FILES, replace=True):
        pass


def test_a_link_out_of_the_output_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BuildError) as caught, Staging(tmp_path / "out", FILES, replace=False):
        pass
    assert caught.value.diagnostics[0].code == "output-outside"
    assert names(tmp_path) == ["elsewhere", "out", "out/sub"]


def test_a_full_disk_is_met_before_the_work(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(staging, "allocate", full)
    with pytest.raises(BuildError) as caught, Staging(tmp_path, FILES, replace=False):
        pass
    assert str(caught.value) == (
        f"error: no room for {tmp_path}/a.gguf\n"
        "why: no space left on device\n"
        "fix: free some space, or choose another disk with --output"
    )
    assert names(tmp_path) == []


def test_what_a_build_reads_is_never_replaced(tmp_path):
    model, other = tmp_path / "model.gguf", tmp_path / "other.gguf"
    model.write_bytes(b"weights")
    other.write_bytes(b"old")
    (tmp_path / "link.gguf").symlink_to(model)
    staging.refuse_inputs([other, tmp_path / "new.gguf"], [model, tmp_path / "not there"])
    with pytest.raises(BuildError) as caught:
        staging.refuse_inputs([tmp_path / "sub" / ".." / "model.gguf", model], [tmp_path / "link.gguf"])
    assert str(caught.value) == (
        f"error: {model} is what this build reads\n"
        "why: its result would take the place of the original, which could not be built again\n"
        "fix: choose another folder with --output, or another output in the recipe"
    )


def test_what_the_system_refuses_at_the_end_is_told_and_leaves_no_trace(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BuildError, match="no room for"), Staging(tmp_path, FILES, replace=False) as stage:
        stage.publish()
    assert names(tmp_path) == []
