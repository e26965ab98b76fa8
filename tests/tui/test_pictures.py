"""Pictures of every screen: narrow and dark, wide and light, panes all ways. `python -m tests.tui.pictures` makes them.

They are of the Textual that the extra `dev` names: another one draws other SVGs of the same screens.
"""

from importlib.metadata import PackageNotFoundError, version

import pytest

from tests.tui.pictures import SCENES, arranged, size_of

TEXTUAL = "8.2.8"
PANES = ("overview", "tensors", "rule", "recipe", "compare", "build-empty")
STILL = [scene for scene in SCENES if scene != "build"]  # where tensors are done in any order, as threads have it
LOOKS = [(scene, *look) for scene in STILL for look in (("80x24", "textual-dark"), ("200x60", "textual-light"))]
LOOKS += [(scene, *look) for scene in PANES for look in (("80x24", "textual-light"), ("200x60", "textual-dark"))]


def _installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


@pytest.mark.slow
@pytest.mark.skipif(_installed("textual") != TEXTUAL, reason=f"the pictures are of textual {TEXTUAL}")
@pytest.mark.skipif(not _installed("pytest-textual-snapshot"), reason="pip install pytest-textual-snapshot")
@pytest.mark.parametrize(("scene", "size", "theme"), LOOKS)
def test_a_scene_looks_as_it_did(scene, size, theme, tmp_path, request):
    app, run_before = arranged(scene, tmp_path, theme)
    compare = request.getfixturevalue("snap_compare")
    assert compare(app, terminal_size=size_of(size), run_before=run_before)
