"""qrecipe chooses what llama-quantize chooses, and builds what it builds: recorded cases, whole files, live ones."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.oracle.mixtures import builds, cases, recorded
from tests.oracle.mixtures.weights import WRITERS
from tests.oracle.models import KNOWN_DIFFERENT

ROOT = Path(__file__).parents[2]
TOOL = os.environ.get("LLAMA_QUANTIZE") or shutil.which("llama-quantize")
WHOLE = json.loads(builds.GOLDEN.read_text(encoding="utf-8"))
QUICK = {"dense": ("Q4_K_M", "Q4_0-imatrix"), "eight": ("Q3_K_M", "IQ2_M-imatrix"), "generated": ("Q5_K_M-imatrix",)}


@pytest.mark.parametrize("index", range(len(recorded.recorded())))
def test_every_tensor_of_a_recorded_dry_run_has_its_type(index, tmp_path):
    case = recorded.recorded()[index]
    case.write(tmp_path)
    found = cases.ours(case.words, tmp_path)
    if not cases.starves(found):
        assert (found.refusal, found.types) == ("", case.types)


def test_recorded_cases_meet_what_matters():
    words = Counter(word for case in recorded.recorded() for word in case.words if word.startswith("--"))
    assert {option for option, count in words.items() if count > 2} >= {
        *("--pure", "--tensor-type", "--tensor-type-file", "--output-tensor-type", "--token-embedding-type"),
        *("--leave-output-tensor", "--imatrix"),
    }
    assert sum(len(case.types) for case in recorded.recorded()) == TENSORS


TENSORS = 10_300


def built(name, case, folder):
    file_type, _, imatrix = case.partition("-")
    return builds.ours(builds.line(file_type, imatrix=bool(imatrix)), folder)


@pytest.mark.parametrize("name", QUICK)
def test_some_whole_files_are_llama_quantizes(name, tmp_path):
    builds.write(name, tmp_path)
    assert {case: built(name, case, tmp_path) for case in QUICK[name]} == {
        case: WHOLE[name][case] for case in QUICK[name]
    }


@pytest.mark.oracle
@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_all_whole_files_are_llama_quantizes(name, tmp_path):
    builds.write(name, tmp_path)
    found = {case: built(name, case, tmp_path) for case in WHOLE[name]}
    different = [case for case in found if found[case] != WHOLE[name][case]]
    assert different == list(KNOWN_DIFFERENT)


@pytest.mark.oracle
@pytest.mark.model
@pytest.mark.slow
@pytest.mark.skipif(TOOL is None, reason="set LLAMA_QUANTIZE, or put llama-quantize of build 11434 on the PATH")
def test_the_fuzzer_finds_nothing():
    line = [sys.executable, "-m", "tests.oracle.mixtures", "--tool", str(TOOL), "--first", "70000", "--count", "25"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "equal" in done.stdout
