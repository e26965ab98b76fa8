import pickle
from pathlib import Path

import pytest
import yaml

from qrecipe.errors import SourceError
from qrecipe.recipe.shipped import shipped_models
from qrecipe.sources.shipped import ShippedSource

MESSAGES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "sources" / "shipped.yaml").read_text())
UNKNOWN = {
    "misspelt": "lib:bard-3m-qat-q40",
    "a base recipe": "lib:gemma4-qat",
    "a way out of the folder": "lib:../models/bard-3m-qat-q4_0",
}
HERE = Path()


@pytest.mark.parametrize("name", shipped_models())
def test_a_model_opens_by_its_name_from_any_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint = ShippedSource().open(f"lib:{name}", HERE)
    assert (checkpoint.reference, checkpoint.container, checkpoint.folder.name) == (f"lib:{name}", "safetensors", name)
    assert checkpoint.config["architectures"] == ["Gemma4ForCausalLM"]
    assert (checkpoint.folder / "tokenizer.json").is_file()
    assert pickle.loads(pickle.dumps(checkpoint)) == checkpoint  # noqa: S301 - our own bytes


@pytest.mark.parametrize(("reference", "claimed"), [("lib:x", True), ("lib", False), ("pkg:lib:x", False)])
def test_what_it_takes(reference, claimed):
    assert ShippedSource().claims(reference, HERE) is claimed


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_shipped_is_refused_with_these_words(name):
    with pytest.raises(SourceError) as caught:
        ShippedSource().open(UNKNOWN[name], HERE)
    assert str(caught.value) == MESSAGES[name].rstrip("\n")
