"""Runs a page as its reader would, from top to bottom, in one empty folder.

- A block whose first line is `# NAME` is written to that file. Recipes must load; other TOML must parse.
- `toml` behind a comment `edits: FILE:LINE` replaces the table of that file that begins in that line.
- `toml` without a name is a piece of a recipe: it must be valid there.
- `sh` is run by bash, `python` by this Python; both must succeed, or end as a comment `exit: N` before them says.
- `text` right behind one of those is what it prints (stdout and stderr). `…` stands for anything in a line, a line
  of `…` for any number of lines.
- `json` and `yaml` must parse.
- A comment `not run: REASON` before a block excuses it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from qrecipe.recipe.load import load_recipe
from tests.conftest import python_path, write_model
from tests.docs.markdown import Block, blocks_of, given
from tests.oracle.convert_hf import checkpoints
from tests.oracle.convert_hf.families import FAMILIES
from tests.oracle.synthetic_imatrix import write_both

HERE = Path(__file__).parent
MATRICES = {
    f"blk.{block}.{role}.weight": shape
    for block in (0, 1)
    for role, shape in {
        "attn_q": (256, 256),
        "attn_v": (128, 256),
        "ffn_up": (320, 256),
        "ffn_down": (256, 320),
    }.items()
}


@dataclass
class Session:
    """A reader's folder and environment."""

    folder: Path
    said: str = ""
    env: dict[str, str] = field(default_factory=dict)

    def prepare(self, things: tuple[str, ...]) -> None:
        """Lay out what a page takes for granted."""
        tools = self.folder.parent / "tools"
        tools.mkdir(exist_ok=True)
        pip = tools / "pip"
        pip.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "stand_in_pip.py"}" "{tools / "site"}" "$@"\n')
        pip.chmod(0o755)
        path = os.pathsep.join((str(tools), str(Path(sys.executable).parent), os.environ["PATH"]))
        kept = {"XDG_CACHE_HOME": str(tools / "cache")}  # nothing of a page stays on this machine
        self.env = {**os.environ, **kept, "PATH": path, "PYTHONPATH": python_path(tools / "site")}
        for thing in things:
            self._give(thing)

    def _give(self, thing: str) -> None:
        match thing:
            case "model.gguf":
                write_model(self.folder / thing)
            case "checkpoint":
                family = next(family for family in FAMILIES if family.name == "gemma4-e2b")
                checkpoints.write(family, "BF16", self.folder.parent).rename(self.folder / "model")
                (self.folder / "text.txt").write_text("The words of a text that nobody has read before. " * 60)
            case "imatrix.gguf":
                made, legacy = write_both(self.folder, MATRICES)
                made.replace(self.folder / thing)
                legacy.unlink()
            case "plug-ins":  # those that are installed here
                self.env["PYTHONPATH"] = str(self.folder.parent / "tools" / "site")
            case "checkout":
                shutil.copytree(HERE.parents[1] / "recipes", self.folder / "recipes")
            case _:
                family = next((family for family in FAMILIES if family.folder == thing), None)
                assert family is not None, f"nobody knows how to give {thing!r}"
                checkpoints.write(family, family.cases[0].stored, self.folder)

    def take(self, block: Block) -> None:
        """Run, write or check one block."""
        if block.note("not run") is not None:
            assert block.note("not run"), "a reason is missing"
        elif block.file is not None:
            self._write(block.file, block.text)
        elif (edited := block.note("edits")) is not None:
            self._edit(edited, block.text)
        elif block.language == "toml":
            self._write("fragment.toml", f'qrecipe = 1\nname = "fragment"\n{block.text}')
        elif block.language in ("sh", "python"):
            self._run(block)
        elif block.language == "text":
            assert block.follows, "what prints this? put it right behind, or say why it is not run"
            assert same(block.text, self.said), f"it prints\n{self.said}"
        else:
            {"json": json.loads, "yaml": yaml.safe_load}[block.language](block.text)

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.suffix == ".toml" and "qrecipe" in tomllib.loads(text):
            load_recipe(path)

    def _edit(self, place: str, table: str) -> None:
        name, _, line = place.partition(":")
        lines = (self.folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        start = int(line) - 1
        stop = next((n for n, text in enumerate(lines) if n > start and text.startswith("[")), len(lines))
        assert lines[start].startswith("[")
        assert "".join(lines[start:stop]) != table, "this changes nothing"
        self._write(name, "".join((*lines[:start], table, *lines[stop:])))

    def _run(self, block: Block) -> None:
        words = ["bash", "-euo", "pipefail", "-c"] if block.language == "sh" else [sys.executable, "-c"]
        run = subprocess.run(
            [*words, block.text],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = run.stdout
        assert run.returncode == int(block.note("exit") or 0), self.said


def run_page(page: Path, folder: Path) -> None:
    """Run every block of a page; the first that fails is told with its line."""
    session = Session(folder)
    session.prepare(given(page))
    for block in blocks_of(page):
        try:
            session.take(block)
        except Exception as error:
            raise AssertionError(f"{page.name}:{block.line}: {error}") from error


def same(expected: str, said: str) -> bool:
    """Compare a page's `text` block with what was printed; blanks at the ends of lines do not count."""
    lines = [re.escape(line.rstrip()).replace("…", ".*") for line in expected.rstrip("\n").split("\n")]
    pattern = "".join("(?:.*\n)*?" if line == ".*" else f"{line}\n" for line in lines)
    printed = "".join(f"{line.rstrip()}\n" for line in said.rstrip("\n").split("\n"))
    return re.fullmatch(pattern, printed) is not None
