"""The proof without weights: every module of every architecture gets the scheme that its tensors have."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from small_models import MODELS, save
from tiny import arrays, build

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("compressed_tensors")

from qrecipe_compressed_tensors.preflight import main, preflight, wanted

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

MIXED = {"blk.0.**": "int8 | keep", "blk.*.attn_*": "int8(group=32) | keep", "**": "int4(group=32) | keep"}


@pytest.mark.parametrize("name", MODELS)
def test_every_module_gets_the_scheme_of_its_tensors(name, tmp_path):
    experts = {"blk.*.ffn_*_exps": "int4(group=32) | keep"} if "moe" in name or "experts" in name else {}
    rules = {**experts, **MIXED}
    folder = build(save(name, tmp_path / "model"), rules)
    assert preflight(folder) == []
    quantized = [tensor for tensor in arrays(folder) if tensor.endswith(".weight_packed")]
    config = json.loads((folder / "config.json").read_text())["quantization_config"]
    dense = [tensor for tensor in quantized if ".experts." not in tensor]
    assert len(dense) == sum(tensor.endswith(".weight_packed") for tensor in wanted(folder, config))
    assert len(dense) > 8


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return build(save("llama", tmp_path_factory.mktemp("llama") / "model"), MIXED)


def changed(llama, tmp_path, change):
    """Return a copy of an artifact with another quantization_config."""
    folder = tmp_path / "changed"
    shutil.copytree(llama, folder)
    config = json.loads((folder / "config.json").read_text())
    change(config["quantization_config"])
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_module_in_no_group_is_found(llama, tmp_path):
    folder = changed(llama, tmp_path, lambda config: config["config_groups"]["group_0"]["targets"].pop())
    found = preflight(folder)
    assert len(found) == 3
    assert found[0].endswith(".weight_packed: the file has it, and the model gives its module another scheme, or none")


def test_other_bits_are_found(llama, tmp_path):
    def change(config):
        next(g for g in config["config_groups"].values() if g["weights"]["num_bits"] == 4)["weights"]["num_bits"] = 8

    found = preflight(changed(llama, tmp_path, change))
    assert (
        "model.layers.1.mlp.gate_proj.weight_packed: the model wants shape [256, 32], and the file has [256, 16]"
        in found
    )


def test_scales_that_loading_casts_are_found(llama, tmp_path):
    folder = tmp_path / "cast"
    shutil.copytree(llama, folder)
    config = json.loads((folder / "config.json").read_text())
    config["dtype"] = "float16"
    (folder / "config.json").write_text(json.dumps(config))
    assert "model.layers.0.mlp.gate_proj.weight_scale: the model holds it as F16, and the file has BF16" in preflight(
        folder
    )


def test_the_command_says_what_it_found(llama, tmp_path, capsys):
    assert main([str(llama)]) == 0
    assert capsys.readouterr().out == "every module gets the scheme that its tensors have\n"
    broken = changed(llama, tmp_path, lambda config: config["config_groups"]["group_0"]["targets"].pop())
    assert main([str(broken)]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main([str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.startswith(f"error: cannot look at {tmp_path / 'none'}: ")
    assert main([]) == 2
    assert capsys.readouterr().err == "usage: python -m qrecipe_compressed_tensors.preflight FOLDER\n"


def test_it_runs_as_a_module(llama):
    done = subprocess.run(
        [sys.executable, "-m", "qrecipe_compressed_tensors.preflight", llama], capture_output=True, text=True
    )
    assert done.stdout == "every module gets the scheme that its tensors have\n"
    assert done.returncode == 0
