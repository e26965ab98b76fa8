"""The shipped models build by name, offline, in seconds, and every weight that was trained for a grid comes back."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

import qrecipe

PLUGINS = ("qrecipe_compressed_tensors", "qrecipe_torchao")
ON_THE_GRID = {"bard-q4_0-lattice": 32, "bard-ud-q4_k_xl": 34, "bard-mobile-q2_k_xl": 34}


def built(name, folder, **variables):
    (one,) = qrecipe.build(name, set=variables, output=folder).built
    return one


@pytest.mark.parametrize("name", ON_THE_GRID)
def test_every_block_is_certified_and_verify_agrees(name, tmp_path):
    one = built(name, tmp_path)
    assert len(one.counts) == ON_THE_GRID[name]
    assert [name for name, counts in one.counts.items() if counts.certified != counts.blocks] == []
    source = qrecipe.read_lock(one.paths[0]).lock.source
    assert source == qrecipe.plan(name).source
    found = qrecipe.verify(one.paths[0], source=source)
    assert found.differences == ()
    exact = {values.tensor for values in found.values if values.identical == 1}
    assert one.counts.keys() <= exact


def test_rounding_anew_loses_what_the_lattice_keeps(tmp_path):
    one = built("bard-q4_0-naive", tmp_path)
    assert one.counts == {}
    found = qrecipe.verify(one.paths[0], source="lib:bard-3m-qat-q4_0")
    fours = [values for values in found.values if values.type == "Q4_0"]
    blocks, certified = sum(each.blocks for each in fours), sum(each.certified for each in fours)
    assert len(fours) == ON_THE_GRID["bard-q4_0-lattice"]
    assert 0.4 < certified / blocks < 0.5


def test_naive_and_lattice_differ_in_the_fit_alone():
    one, other = (qrecipe.plan(name).targets[0] for name in ("bard-q4_0-naive", "bard-q4_0-lattice"))
    assert [d.type.format.name for d in one.decisions] == [d.type.format.name for d in other.decisions]
    assert one.tensor_bytes == other.tensor_bytes


def test_the_command_works_in_an_empty_folder_without_a_network(tmp_path):
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "https_proxy": "http://127.0.0.1:9", "HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "qrecipe", "build", "bard-ud-q4_k_xl"]
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "certified, every weight bit for bit: all 97,280 blocks in 34 tensors\n" in run.stderr
    assert run.stdout == "bard-ud-q4_k_xl.gguf\n"


@pytest.mark.skipif(any(find_spec(name) is None for name in PLUGINS), reason="pip install the two plug-ins")
@pytest.mark.parametrize(
    ("model", "base", "gates"),
    [
        ("bard-3m-qat-q4_0", "gemma4-qat", "${folder}"),
        ("bard-3m-qat-mobile", "gemma4-mobile", "int8(group=32, fit=lattice)"),
    ],
)
def test_folders_have_the_grid_too_as_the_recipes_for_gemma_4_make_them(
    model, base, gates, tmp_path, installed_plugins
):
    text = f"""
qrecipe = 1
name = "folders"
extends = ["lib:gemma4-families", "lib:{base}"]
source = "lib:{model}"
vars = {{ gates = "{gates}" }}
"""
    (tmp_path / "folders.toml").write_text(text, encoding="utf-8")
    result = qrecipe.build(tmp_path / "folders.toml", output=tmp_path, targets=["compressed-tensors", "torchao"])
    assert [len(one.counts) for one in result.built] == [32, 32]  # all but the embeddings and what lies between them
    for one in result.built:
        assert [name for name, counts in one.counts.items() if counts.certified != counts.blocks] == []
        found = qrecipe.verify(one.paths[0].parent, source=f"lib:{model}")
        assert {values.tensor for values in found.values if values.identical != 1} == set()
