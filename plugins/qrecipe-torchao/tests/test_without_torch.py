"""Planning, building and reading need no torch: it is the runtime's."""

import subprocess
import sys
from pathlib import Path

import pytest
import torchao_models
from torchao_models import LINEAR

PROGRAM = """
import sys
sys.modules["torch"] = sys.modules["torchao"] = sys.modules["transformers"] = None
import qrecipe
recipe, output = sys.argv[1:]
qrecipe.build(recipe, output=output, threads=1)
assert qrecipe.verify(output + "/out").differences == ()
"""


@pytest.mark.model
@pytest.mark.parametrize("options", ["", 'activations = "fp8"\nlayout = "int4"\ndevice = "cuda"'])
def test_a_build_loads_no_torch(tmp_path, options):
    source = torchao_models.llama(tmp_path / "model")
    path = torchao_models.recipe(source, {LINEAR: "int4(group=128)", "output": "fp8"}, options)
    ran = subprocess.run([sys.executable, "-c", PROGRAM, path, tmp_path / "built"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_offering_the_backend_loads_no_torch(tmp_path):
    program = "import sys, qrecipe_torchao.plugin; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(tmp_path))
    assert ran.stdout == "False\n", ran.stderr
