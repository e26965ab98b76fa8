import re
from pathlib import Path

import yaml

from qrecipe.inventory.compact import read_inventory

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "inventories.md").read_text(encoding="utf-8")
MESSAGES = yaml.safe_load((ROOT / "tests" / "cases" / "inventory" / "compact.yaml").read_text(encoding="utf-8"))


def test_the_example_is_a_file_that_is_read(tmp_path):
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "tiny.json").write_text(example)
    assert read_inventory(tmp_path / "tiny.json") == read_inventory(
        ROOT / "tests" / "data" / "inventories" / "tiny.json"
    )


def test_the_error_is_one_that_a_test_produces():
    (example,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
    assert example in {text.rstrip("\n") for text in MESSAGES.values()}


def test_every_shipped_inventory_is_named():
    assert all(f"`{path.stem}`" in PAGE for path in (ROOT / "recipes" / "inventories").glob("*.json"))
