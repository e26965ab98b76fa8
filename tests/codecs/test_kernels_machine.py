"""A kernel from its announcement to its bytes, in a process of its own, on the CPUs that numba can be told of."""

import os
import stat
import subprocess
import sys

import pytest

from qrecipe.codecs.compiled.machine import unusable

SCRIPT = """
import numpy as np
from qrecipe.codecs.ggml import library
from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.codecs.kernels import engine
format_ = next(each for each in GGML_FORMATS if each.name == "IQ4_NL")
engine.expect("IQ4_NL", weighted=False, weights=10**12)
rows = np.random.default_rng(5).standard_normal((40, 512)).astype(np.float32)
same = format_.encode(rows, (), None) == library.encode(format_.type, rows, None)
print(same, [encoder is not None for encoder in engine.engine().ready.values()])
"""
MACHINES = {
    "as it is": ({}, True),
    "AVX2 alone": ({"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}, True),
    "SSE2 alone": ({"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}, False),
    "no compiler": ({"NUMBA_DISABLE_JIT": "1"}, False),
}
HERE = pytest.mark.skipif(unusable() is not None, reason="no kernels on this machine")


def run(folder, **variables):
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder), **variables}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment)
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.slow
@HERE
@pytest.mark.parametrize("machine", MACHINES)
def test_a_kernel_is_used_where_it_can_be(machine, tmp_path):
    variables, used = MACHINES[machine]
    assert run(tmp_path, **variables) == f"True {[used]}"
    assert (list(tmp_path.rglob("*.nbi")) != []) == used


@pytest.mark.slow
@HERE
def test_nothing_is_kept_where_others_may_write(tmp_path):
    (tmp_path / "qrecipe").mkdir()
    (tmp_path / "qrecipe").chmod(0o777)
    assert run(tmp_path) == "True [True]"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.slow
@HERE
def test_a_cache_that_is_cut_short_is_not_believed(tmp_path):
    assert run(tmp_path) == "True [True]"
    for file in tmp_path.rglob("*.nb?"):
        assert not file.parent.stat().st_mode & stat.S_IWOTH
        os.truncate(file, file.stat().st_size // 2)
    assert run(tmp_path) == "True [True]"
