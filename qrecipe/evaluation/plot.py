"""A plot of size against divergence: a point an artifact, as SVG or PNG by the file's name.

The same numbers give the same SVG, byte for byte, in one version of matplotlib, which is loaded here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from qrecipe.errors import BuildError, PluginError
from qrecipe.evaluation import faults

FORMS = (".svg", ".png")


@dataclass(frozen=True, slots=True)
class Point:
    """An artifact in the plot: its name, its bytes, its mean divergence and the standard error of that."""

    name: str
    nbytes: int
    kld: float
    error: float


def check_plot(path: Path) -> None:
    """Raise BuildError where the name says no form, PluginError where nothing draws."""
    if path.suffix.lower() not in FORMS:
        raise BuildError(faults.plot_kind(str(path)))
    if find_spec("matplotlib") is None:
        raise PluginError(faults.extra_missing("matplotlib", "it is not installed"))


def draw(points: Sequence[Point], title: str, path: Path) -> None:
    """Draw artifacts; the divergence on a logarithmic scale where none is 0."""
    import matplotlib as mpl  # noqa: PLC0415 - heavy, and only plots need it
    from matplotlib.figure import Figure  # noqa: PLC0415 - likewise

    settings = {"svg.hashsalt": "qrecipe", "svg.fonttype": "none", "font.size": 9}
    with mpl.rc_context(settings):
        figure = Figure(figsize=(7, 4.5), layout="constrained")
        axes = figure.add_subplot()
        sizes, klds = [point.nbytes / 1e6 for point in points], [point.kld for point in points]
        axes.errorbar(sizes, klds, yerr=[1.96 * point.error for point in points], fmt="o", capsize=3)
        if min(klds) > 0:
            axes.set_yscale("log")
        for point, size in zip(points, sizes, strict=True):
            axes.annotate(point.name, (size, point.kld), xytext=(6, 4), textcoords="offset points")
        axes.set(xlabel="size, MB", ylabel="mean KL divergence, nats (95 % interval)", title=title)
        axes.margins(x=0.15)
        axes.grid(alpha=0.3)
        svg = path.suffix.lower() == ".svg"
        figure.savefig(path, dpi=150, metadata={"Date": None} if svg else {"Software": None})
