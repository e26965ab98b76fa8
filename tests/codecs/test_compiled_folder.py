"""Where compiled code is kept, and when that is not trusted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qrecipe.codecs.compiled import folder, machine


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_the_folder_is_named_by_what_the_code_depends_on_and_is_private(home):
    found = folder.folder()
    assert found == home / "qrecipe" / "compiled" / folder.digest()
    assert len(found.name) == 32
    assert found.stat().st_mode & 0o777 == 0o700


def test_without_the_variable_it_is_in_the_users_own_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder.folder().parents[1] == tmp_path / ".cache" / "qrecipe"


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_folder_that_others_may_write_to_is_not_used(home, level):
    found = folder.folder()
    (found, *found.parents)[level].chmod(0o770)
    assert folder.folder() is None


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_link_is_not_followed(home, level):
    path = (folder.folder(), *folder.folder().parents)[level]
    elsewhere = home / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert folder.folder() is None


def test_a_folder_of_another_user_is_not_used(home, monkeypatch):
    folder.folder()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert folder.folder() is None


def test_a_file_in_its_place(home):
    (home / "qrecipe").write_text("no folder")
    assert folder.folder() is None


def test_a_user_without_a_home(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert folder.folder() is None


def test_the_digest_follows_every_file_and_the_machine(tmp_path, monkeypatch):
    def digest(identity="numba 1"):
        monkeypatch.setattr(folder, "identity", lambda: identity)
        folder.digest.cache_clear()
        return folder.digest()

    monkeypatch.setattr(folder, "_CODECS", tmp_path)
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "one.py").write_text("WIDTH = 8")
    seen = [digest()]
    (tmp_path / "kernels" / "one.py").write_text("WIDTH = 16")
    seen.append(digest())
    (tmp_path / "two.py").write_text("")
    seen.append(digest())
    seen.append(digest("numba 2"))
    folder.digest.cache_clear()
    assert len(set(seen)) == 4


SETTINGS = {
    "a CPU without AVX2": ({"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}, "the CPU has no AVX2, or no F16C"),
    "AVX2 masked": ({"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "-avx2"}, "the CPU has no AVX2, or no F16C"),
    "no F16C": ({"NUMBA_CPU_FEATURES": "+avx2,-f16c"}, "the CPU has no AVX2, or no F16C"),
    "a CPU with AVX2": ({"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}, "None"),
    "features by name": ({"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+sse2,+avx2,+f16c"}, "None"),
    "no compiler": ({"NUMBA_DISABLE_JIT": "1"}, "NUMBA_DISABLE_JIT is set"),
}


@pytest.mark.skipif(machine.unusable() is not None, reason="no kernels on this machine")
@pytest.mark.parametrize("settings", SETTINGS)
def test_what_numba_is_told_decides(settings):
    variables, expected = SETTINGS[settings]
    script = "from qrecipe.codecs.compiled.machine import unusable; print(unusable())"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, **variables}
    )
    assert run.stdout == f"{expected}\n", run.stderr


def test_another_architecture(monkeypatch):
    monkeypatch.setattr(machine.platform, "machine", lambda: "aarch64")
    assert machine.unusable() == "kernels are for x86-64, and this is aarch64"


def test_without_numba(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert machine.unusable().startswith("numba cannot be loaded: ")
