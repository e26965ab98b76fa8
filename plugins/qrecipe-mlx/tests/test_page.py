"""docs/how-to/write-a-backend.md teaches with these very files."""

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "qrecipe_mlx"
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "write-a-backend.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the page is in qrecipe's repository")


@pytest.mark.parametrize("name", ["packing", "affine", "records", "scheme"])
def test_the_page_has_the_file_as_it_stands(name):
    block = rf"^```python\n# qrecipe-mlx/qrecipe_mlx/{name}\.py\n(.*?)^```$"
    found = re.search(block, PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    assert found[1] == (PACKAGE / f"{name}.py").read_text()
