"""The limit is about what the process holds now; what it held once, or its parent did, is no memory of the build."""

import os
import subprocess
import sys

import pytest

from qrecipe.api import memory
from qrecipe.errors import BuildError

MB = 10**6


@pytest.fixture
def holding(tmp_path, monkeypatch):
    """Let the system say that the process holds so many bytes."""

    def hold(nbytes):
        statm = tmp_path / "statm"
        statm.write_text(f"999999999 {nbytes // os.sysconf('SC_PAGE_SIZE')} 7 1 0 9 0\n")
        monkeypatch.setattr(memory, "_STATM", statm)

    return hold


def test_tasks_get_what_is_left_of_the_limit(holding):
    holding(102_400_000)
    assert memory.task_budget(512 * MB) == 512 * MB - 102_400_000 - (32 << 20)


def test_a_limit_that_leaves_nothing_is_refused_with_one_that_would_do(holding):
    holding(102_400_000)
    with pytest.raises(BuildError) as caught:
        memory.task_budget(110 * MB)
    assert str(caught.value) == (
        "error: 110 MB of memory are too few for this build\n"
        "why: Python, the libraries and the model's headers take 102 MB before the first weight\n"
        "fix: allow at least --memory 150MB"
    )
    assert memory.task_budget(150 * MB) >= 8 << 20


def test_a_limit_of_nothing_is_a_limit(holding):
    holding(1 << 20)
    with pytest.raises(BuildError, match="0 MB of memory are too few"):
        memory.task_budget(0)


def test_without_a_limit_a_large_program_may_build(holding):
    holding(1 << 34)
    assert memory.task_budget(None) == 64 << 20


def test_memory_that_was_given_back_does_not_count():
    code = (
        "from qrecipe.api.memory import task_budget\n"
        "held = bytearray(b'x') * (300 << 20)\n"
        "del held\n"
        "print(task_budget(250 << 20) > 100 << 20)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"


def test_what_the_parent_holds_does_not_count():
    code = (
        "import subprocess, sys\n"
        "held = bytearray(b'x') * (300 << 20)\n"
        "child = 'from qrecipe.api.memory import task_budget; print(task_budget(250 << 20) > 100 << 20)'\n"
        "subprocess.run([sys.executable, '-c', child])\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"
