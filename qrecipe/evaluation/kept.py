"""References that are kept: a source's logits on a text, so that the next artifact need not wait for them.

A file is named by everything that it depends on: the digests of weights, config and tokens, the window, the versions.
It gets its name when it is whole. Without a folder, the file is a temporary one and goes with `Kept`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.errors import BuildError
from qrecipe.evaluation import faults

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FORM = 1  # of the files; another number, other names


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder of references.

    Attributes:
        folder: Where files are.
    """

    folder: Path

    def path(self, facts: Mapping[str, object], suffix: str) -> Path:
        """Return the name of what depends on these facts."""
        text = json.dumps({"form": _FORM, **facts}, sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}{suffix}"


@contextmanager
def kept_in(folder: Path | None) -> Iterator[Kept]:
    """Give the folder; None for one that is removed at the end."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield Kept(folder)
        return
    with tempfile.TemporaryDirectory(prefix="qrecipe-eval-") as name:
        yield Kept(Path(name))


def default_folder() -> Path:
    """Return where references are kept unless it is said: `qrecipe/eval` in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "qrecipe" / "eval"


@contextmanager
def written(path: Path, nbytes: int) -> Iterator[Path]:
    """Give a name to write `nbytes` to; it becomes `path` at the end, and nothing is left after a failure."""
    free = shutil.disk_usage(path.parent).free
    if nbytes > free:
        raise BuildError(faults.no_space(str(path.parent), nbytes, free))
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=path.parent) as name:
        unfinished = Path(name, path.name)
        yield unfinished
        if unfinished.exists():
            unfinished.replace(path)


def logits_in(path: Path, shape: tuple[int, int], *, write: bool = False) -> NDArray[np.float32]:
    """Map a file of logits, [positions, vocabulary]."""
    return np.memmap(path, "<f4", mode="w+" if write else "r", shape=shape)
