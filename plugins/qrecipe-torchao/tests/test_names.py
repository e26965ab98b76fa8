"""Modules that transformers renames as it loads have their names in the model; whole folders stand in plugins/tests."""

import pytest

from qrecipe_torchao.names import runtime_name


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("language_model.model.layers.0.mlp.up_proj", "model.language_model.layers.0.mlp.up_proj"),
        ("language_model.lm_head", "lm_head"),
        ("model.layers.0.mlp.up_proj", "model.layers.0.mlp.up_proj"),
        ("model.language_model.layers.0.mlp.up_proj", "model.language_model.layers.0.mlp.up_proj"),
    ],
)
def test_names_are_the_models(module, found):
    assert runtime_name(module) == found
