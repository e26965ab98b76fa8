import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "sources.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
TABLES = sorted((ROOT / "tests" / "cases" / "sources").glob("*.yaml"))
PRODUCED = {text.rstrip("\n") for path in TABLES for text in yaml.safe_load(path.read_text(encoding="utf-8")).values()}


def test_every_error_on_the_page_is_one_that_a_test_produces():
    assert len(EXAMPLES) == 8
    assert set(EXAMPLES) <= PRODUCED
