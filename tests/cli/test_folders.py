"""Folder artifacts on the command line: preview, build, inspect, verify and eval, as a user starts them."""

import json

import pytest

from tests.backends.folder.installed import RECIPE, installed
from tests.cli.running import qrecipe


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the recipe and its artifact, and the environment that has the plug-in."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "bard.toml").write_text(RECIPE)
    env = installed(folder / "site")
    run = qrecipe("build", "bard.toml", cwd=folder, env=env)
    assert "not stored: rope_freqs.weight; the checkpoint has none, and its runtimes make them\n" in run.stderr
    assert "10 files, 4 of them weights\n" in run.stderr
    return {"cwd": folder, "env": env}


def test_inspect_counts_weights_and_says_types_in_words(built):
    lines = qrecipe("inspect", "bard-toy", **built).stdout.splitlines()
    assert "quantized with toy, as config.json says" in lines
    assert "67 tensors" in lines
    rows = [line.split() for line in lines]
    name = "model.layers.1.mlp.up_proj.weight"
    assert [name, "256", "×", "256", "int4(group=32)", "73,728", "9.00", "blk.1.ffn_up.weight"] in rows
    assert lines[-1] == "3,381,124 weights, 14.45 bits per weight: 55 BF16, 9 int8, 3 int4(group=32)"
    document = json.loads(qrecipe("inspect", "bard-toy", "--json", **built).stdout)
    assert (document["quantized"], document["findings"]) == ("toy", [])
    assert [each["bits"] for each in document["tensors"] if each["name"] == name] == [9.0]


def test_the_lock_and_its_recipe(built):
    said = qrecipe("inspect", "bard-toy", "--lock", **built).stdout
    assert said.startswith("lock, version 1, of 67 tensors\n")
    assert "\nlock digest     " in said
    assert 'backend = "toy"' in qrecipe("inspect", "bard-toy", "--lock", "--recipe", **built).stdout


def test_grids_are_looked_for_in_originals(built):
    said = qrecipe("inspect", "bard-toy", "--grid", code=1, **built).stderr
    assert said.startswith("error: these weights are quantized already with toy\n")


def test_without_the_plug_in_arrays_are_shown_as_they_are(built):
    run = qrecipe("inspect", "bard-toy", cwd=built["cwd"])
    assert run.stdout.splitlines()[-1].startswith("91 arrays, 6,106,568 bytes: 55 BF16, ")
    assert run.stderr.startswith("warning: these weights are quantized with toy, which nothing installed reads\n")
    said = qrecipe("verify", "bard-toy", code=1, cwd=built["cwd"]).stderr
    assert "error: these weights are quantized with toy, which nothing installed reads\n" in said


def test_verify_says_what_was_held_against_the_lock(built):
    run = qrecipe("verify", "bard-toy", **built)
    assert run.stdout.splitlines()[-1] == "every file, header, type and tensor's digest is as it was written"


def test_a_plan_file_builds_the_same_and_only_makes_a_part(built, tmp_path):
    plan = tmp_path / "plan.json"
    plan.write_text(qrecipe("plan", "bard.toml", "--json", **built).stdout)
    qrecipe("build", plan, "-o", tmp_path, **built)
    for path in (built["cwd"] / "bard-toy").iterdir():
        assert (tmp_path / "bard-toy" / path.name).read_bytes() == path.read_bytes(), path.name
    qrecipe("build", "bard.toml", "--only", "blk.0.attn_q", "-o", tmp_path, **built)
    said = qrecipe("verify", tmp_path / "bard-toy-only", **built).stdout
    assert "1 tensor of blk.0.attn_q only, made by bard (target toy)" in said


def test_outputs_are_replaced_only_where_asked_for(built):
    assert "bard-toy exists and holds " in qrecipe("build", "bard.toml", code=1, **built).stderr
    qrecipe("build", "bard.toml", "--force", "--dry-run", **built)
    qrecipe("build", "bard.toml", "--force", **built)


def test_eval_runs_folders_by_transformers_alone(built, tmp_path):
    (tmp_path / "text.txt").write_text("Now is the winter of our discontent made glorious summer. " * 40)
    words = ("eval", "bard-toy", "--source", "lib:bard-3m-qat-q4_0", "--text", tmp_path / "text.txt", "--no-cache")
    assert (
        "runs GGUF files alone, and this is a folder\n" in qrecipe(*words, "--engine", "both", code=1, **built).stderr
    )
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    (found,) = json.loads(qrecipe(*words, "--window", 32, "--windows", 3, "--json", **built).stdout)["results"]
    assert 0 < found["measures"]["kld"]["value"] < 0.1
