"""A checkpoint folder of a known family, from the command line: what is left out, its names, copies, its tokenizer."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.running import qrecipe
from tests.oracle.convert_hf import checkpoints
from tests.oracle.convert_hf.families import FAMILIES

RECIPE = 'qrecipe = 1\nname = "tiny"\nextends = ["lib:gemma4-qat"]\nsource = "model"\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    family = next(each for each in FAMILIES if each.name == "gemma4-e2b")
    return checkpoints.write(family, "BF16", folder)


@pytest.fixture
def place(made, tmp_path, monkeypatch) -> Path:
    shutil.copytree(made, tmp_path / "model")
    (tmp_path / "tiny.toml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_the_model_does_not_use_is_listed(place):
    left_out = [line for line in qrecipe("plan", "tiny.toml").stdout.splitlines() if line.startswith("left out")]
    assert [" ".join(line.split()[:5]) for line in left_out] == [
        "left out: 16 vision tensors",
        "left out: 70 audio tensors",
    ]
    assert all("to use them: an mmproj file" in line for line in left_out)
    told = json.loads(qrecipe("plan", "tiny.toml", "--json").stdout)["left_out"]
    assert [(each["kind"], each["count"]) for each in told] == [("vision", 16), ("audio", 70)]


def test_inspect_has_the_names_that_recipes_use(place):
    rows = [" ".join(line.split()) for line in qrecipe("inspect", "model").stdout.splitlines()]
    assert "model.language_model.layers.0.self_attn.q_proj.weight 128 × 64 BF16 16,384 blk.0.attn_q.weight" in rows
    assert any(row.startswith("model.vision_tower.") and row.endswith("left out") for row in rows)
    assert rows[-1].endswith("16.00 bits per weight: 184 BF16")
    tensors = json.loads(qrecipe("inspect", "model", "--json").stdout)["tensors"]
    names = {tensor["name"]: tensor["canonical"] for tensor in tensors}
    assert names["model.language_model.embed_tokens.weight"] == "token_embd.weight"
    assert names["model.vision_tower.patch_embedder.position_embedding_table"] is None


def test_a_copy_in_another_folder_is_the_same_source(place):
    assert qrecipe("build", "tiny.toml").returncode == 0
    shutil.move("model", "renamed")
    run = qrecipe("verify", "tiny.gguf", "--source", "renamed")
    assert (run.returncode, "as they were written" in run.stdout) == (0, True)
    text = Path("renamed/tokenizer.json").read_text()
    Path("renamed/tokenizer.json").write_text(text.replace('"a"', '"ä"'))
    assert "is not the source of this artifact" in qrecipe("verify", "tiny.gguf", "--source", "renamed", code=1).stderr


def test_the_lock_names_the_folder_and_who_converted_it(place):
    assert qrecipe("build", "tiny.toml").returncode == 0
    lock = json.loads(qrecipe("inspect", "--lock", "tiny.gguf", "--json").stdout)
    assert lock["source"] == "model"
    assert [version.split()[0] for version in lock["versions"]] == ["gguf", "libggml-python", "qrecipe", "tokenizers"]


def test_a_tokenizer_without_settings_is_told(place):
    Path("model/tokenizer_config.json").unlink()
    assert qrecipe("plan", "tiny.toml").stderr == (
        "warning: there is no tokenizer_config.json beside the tokenizer\n"
        f"  --> {place}/model\n"
        "why: special tokens and the chat template are left out of the GGUF, or are the family's defaults\n"
        "fix: put tokenizer_config.json of this model into its folder\n"
    )


def test_nothing_on_the_grid_is_told(place):
    assert "no block is on the grid: see whether this is the QAT checkpoint" in qrecipe("build", "tiny.toml").stderr


def test_a_weight_that_is_not_finite_has_its_checkpoint_s_name(place):
    file = place / "model" / "model-00001-of-00002.safetensors"
    data = bytearray(file.read_bytes())
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    name = "model.language_model.layers.0.self_attn.q_proj.weight"
    if name not in header:
        file = place / "model" / "model-00002-of-00002.safetensors"
        data = bytearray(file.read_bytes())
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    at = 8 + int.from_bytes(data[:8], "little") + header[name]["data_offsets"][0]
    data[at : at + 2] = b"\xc0\x7f"
    file.write_bytes(data)
    assert (
        f"tensor 'blk.0.attn_q.weight' holds NaN at [0, 0] (element 0)\n  --> {file.name}, {name}\n"
        in qrecipe("build", "tiny.toml", code=1).stderr
    )


def test_without_a_config_that_is_what_to_get(place):
    Path("model/config.json").unlink()
    said = qrecipe("plan", "tiny.toml", code=1).stderr
    assert (
        "nothing says which architecture they have\nfix: put the model's own config.json beside the weights\n" in said
    )
