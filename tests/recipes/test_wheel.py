"""A wheel has every shipped recipe, base, inventory and model in it, and works with them wherever it is unpacked."""

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import python_path

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"


@pytest.mark.slow
@pytest.mark.skipif(find_spec("hatchling") is None, reason="pip install hatchling")
def test_a_wheel_plans_what_is_shipped(tmp_path):
    run = subprocess.run([sys.executable, "-c", BUILD, tmp_path], cwd=ROOT, check=True, capture_output=True, text=True)
    with zipfile.ZipFile(tmp_path / run.stdout.split()[-1]) as wheel:
        wheel.extractall(tmp_path / "site")
    shipped = tmp_path / "site" / "qrecipe" / "shipped"
    assert files(shipped / "models") == files(ROOT / "models")
    assert [file for file in files(shipped) if not file[0].startswith("models/")] == files(ROOT / "recipes")
    env = os.environ | {"PYTHONPATH": python_path(tmp_path / "site"), "HF_HUB_OFFLINE": "1"}
    line = [sys.executable, "-c", "import qrecipe; print(qrecipe.__file__); qrecipe.plan('gemma4-31b-ud-q4_k_xl')"]
    said = subprocess.run(line, cwd=tmp_path, env=env, check=True, capture_output=True, text=True).stdout
    assert Path(said.strip()) == tmp_path / "site" / "qrecipe" / "__init__.py"
    line = [sys.executable, "-m", "qrecipe", "build", "bard-mobile-q2_k_xl"]
    subprocess.run(line, cwd=tmp_path, env=env, check=True, capture_output=True)
    assert (tmp_path / "bard-mobile-q2_k_xl.gguf").is_file()


def files(folder):
    return sorted((path.relative_to(folder).as_posix(), path.read_bytes()) for path in folder.rglob("*.*"))
