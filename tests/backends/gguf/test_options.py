import tomllib
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from qrecipe.backends.gguf.options import GgufOptions

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "backends" / "gguf_options.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_case(case: dict):
    table = {"metadata": tomllib.loads(case["metadata"])}
    if "error" in case:
        with pytest.raises(ValidationError) as caught:
            GgufOptions.model_validate(table)
        (error,) = caught.value.errors()
        assert f"{error['msg']}\nwhy: {error['ctx']['why']}\nfix: {error['ctx']['fix']}" == case["error"]
    else:
        entries = GgufOptions.model_validate(table).overrides()
        assert [[entry.key, entry.kind.name, entry.scalar()] for entry in entries] == case["written"]


def test_a_key_of_65536_bytes_is_refused():
    GgufOptions.model_validate({"metadata": {"x" * 65535: 1}})
    with pytest.raises(ValidationError, match="is no metadata key"):
        GgufOptions.model_validate({"metadata": {"x" * 65536: 1}})


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        GgufOptions.model_validate({"splits": 3})
