from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder: paths in messages are short and always the same."""
    monkeypatch.chdir(tmp_path)
    return Path()
