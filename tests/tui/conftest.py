import pytest

pytest.importorskip("textual")

from tests.tui.stage import RECIPE


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Nothing is remembered, read or written outside of the test's folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE)
    return path
