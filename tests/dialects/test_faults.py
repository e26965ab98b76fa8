"""What no recipe can say is told with a caret in the command line; the table is the catalogue's too."""

from pathlib import Path

import pytest
import yaml

from qrecipe.errors import QrecipeError
from tests.dialects.importing import told

CASES = Path(__file__).parents[1] / "cases" / "dialects" / "llama_quantize_faults.yaml"


@pytest.mark.parametrize("case", yaml.safe_load(CASES.read_text(encoding="utf-8")), ids=lambda case: case["name"])
def test_it_says(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        said = "\n\n".join(map(str, told(case)))
    except QrecipeError as error:
        said = str(error)
    assert said == case["says"].rstrip("\n")
