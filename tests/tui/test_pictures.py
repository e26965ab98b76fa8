"""Pictures of every screen, at two sizes and in two themes. `python -m tests.tui.pictures` writes them to look at."""

import pytest

pytest.importorskip("pytest_textual_snapshot")

from tests.tui.pictures import SCENES, arranged, size_of


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
@pytest.mark.parametrize("size", ["80x24", "200x60"])
@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_looks_as_it_did(scene, size, theme, tmp_path, snap_compare):
    app, run_before = arranged(scene, tmp_path, theme)
    assert snap_compare(app, terminal_size=size_of(size), run_before=run_before)
