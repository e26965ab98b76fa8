"""What provocations share: a small model and recipe in the working folder, plans that were edited, odd plug-ins."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import qrecipe
from qrecipe.codecs.fit.reference import FITS as REFERENCE_FITS
from tests.conftest import MIX, write_model

RULE = '[[rules]]\nmatch = "**"\ntype = "Q8_0"\n'


class Picky:
    """A fit that serves nothing."""

    name = "picky"
    arguments = ()
    importance = "unused"

    def refuses(self, use: object) -> str:
        return "picky serves types of 2 bits"

    def encode(self, *given: object) -> bytes:
        raise AssertionError


def offering(kind: str, *items: object) -> object:
    """Make a plug-in that offers these."""
    hook = qrecipe.hookimpl(lambda: items, specname=f"qrecipe_{kind}")
    return SimpleNamespace(__name__="qrecipe-lab 1.0", **{f"qrecipe_{kind}": hook})


def without_lattice() -> AbstractContextManager[object]:
    """Take a fit away whose name recipes may write nevertheless."""
    return mock.patch("qrecipe.codecs.builtin.FITS", REFERENCE_FITS)


@cache
def _model() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_model(Path(folder) / "tiny.gguf").read_bytes()


def model(name: str = "tiny.gguf") -> None:
    Path(name).write_bytes(_model())


def recipe(text: str, name: str = "mine.toml") -> None:
    Path(name).write_text(f'qrecipe = 1\nname = "{Path(name).stem}"\n{text}', encoding="utf-8")


def workplace(more: str = "") -> None:
    """Put `tiny.gguf` and `mix.toml` into the working folder."""
    model()
    Path("mix.toml").write_text(more + MIX, encoding="utf-8")


def plan() -> None:
    workplace()
    Path("plan.json").write_text(qrecipe.plan_json(qrecipe.plan("mix.toml")), encoding="utf-8")


def replanned(change: Callable[[dict], object]) -> object:
    """Build a plan that was edited."""
    plan()
    document = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    change(document)
    Path("plan.json").write_text(json.dumps(document), encoding="utf-8")
    return qrecipe.build("plan.json", output="out")


@contextmanager
def patched(target: str = "", value: object = None, *, module: str = "") -> Iterator[None]:
    """Put something else into a module's place, or let a module be one that is not installed."""
    with mock.patch.dict(sys.modules, {module: None}) if module else mock.patch(target, value):
        yield
