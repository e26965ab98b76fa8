"""The folder that keeps compiled code: `~/.cache/qrecipe/compiled/DIGEST`, in `XDG_CACHE_HOME` where that is set.

Loading what lies there runs it. So it is used only if it and the folders above it, down from `qrecipe`, are real
folders of this user that nobody else may write to; it is in no shared temporary folder unless the user put it there.

The digest is of every file under `codecs/`, and of what compiled code depends on besides (`machine.identity`): numba
itself notices a change neither in another file nor in a constant.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

from qrecipe.codecs.compiled.machine import identity

_CODECS = Path(__file__).parents[1]
_FOREIGN = stat.S_IWGRP | stat.S_IWOTH


def folder() -> Path | None:
    """Return the folder, made if need be; None where there is none to be trusted, or none can be made."""
    with suppress(OSError, RuntimeError):  # a read-only disk; a user without a home
        top = _top()
        found = top / "compiled" / digest()
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
        if all(_is_private(each) for each in (top, found.parent, found)):
            return found
    return None


def _top() -> Path:
    cache_home = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache_home) if cache_home else Path.home() / ".cache") / "qrecipe"


def _is_private(path: Path) -> bool:
    status = path.lstat()
    own = hasattr(os, "geteuid") and status.st_uid == os.geteuid()
    return own and stat.S_ISDIR(status.st_mode) and not status.st_mode & _FOREIGN and os.access(path, os.W_OK)


@cache
def digest() -> str:
    """Return the name of the folder: 32 hexadecimal digits."""
    found = hashlib.sha256(identity().encode())
    for path in sorted(_CODECS.rglob("*.py")):
        found.update(f"\0{path.relative_to(_CODECS).as_posix()}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:32]
