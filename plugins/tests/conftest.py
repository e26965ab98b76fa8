"""Tests of this folder need torch, transformers and both libraries; elsewhere they are skipped, with the reason."""

from importlib.util import find_spec

import pytest

NEEDED = ("torch", "transformers", "safetensors", "compressed_tensors", "torchao")
MISSING = [name for name in NEEDED if find_spec(name) is None]


def pytest_pycollect_makemodule(module_path, parent):
    if MISSING and "plugins/tests/" in module_path.as_posix():
        pytest.skip(f"{', '.join(MISSING)} not installed")


def pytest_collection_modifyitems(items):
    """Warnings of torch, transformers and the two libraries are theirs to mend; only our own are errors here."""
    for item in items:
        if "plugins/tests/" in item.path.as_posix():
            item.add_marker(pytest.mark.filterwarnings("default"))
            item.add_marker(pytest.mark.filterwarnings("error:::qrecipe"))
