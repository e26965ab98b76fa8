"""Plots: both forms, the same bytes for the same numbers."""

import pytest

from qrecipe.evaluation.plot import Point, draw

pytest.importorskip("matplotlib", reason="pip install -e '.[eval]'")
POINTS = (Point("mix<&>", 2_600_000, 0.02, 0.001), Point("naive", 3_300_000, 0.4, 0.01))


def test_an_svg_is_the_same_each_time_and_has_the_names_as_text(tmp_path):
    texts = []
    for name in ("a.svg", "b.svg"):
        draw(POINTS, "model", tmp_path / name)
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    assert "mix&lt;&amp;&gt;" in texts[0]
    assert "naive" in texts[0]


def test_a_png(tmp_path):
    draw(POINTS, "model", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_divergence_of_nothing_can_be_drawn(tmp_path):
    draw((*POINTS, Point("same", 5_000_000, 0.0, 0.0)), "model", tmp_path / "a.svg")
    assert "same" in (tmp_path / "a.svg").read_text()
