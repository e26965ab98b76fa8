"""Compiling a function for the types it is called with, from the cache where that is possible.

The cache is in `folder`; without one, and where a file of it cannot be read, the process compiles for itself.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from qrecipe.codecs.compiled.folder import folder

_UNREADABLE = (OSError, EOFError, ValueError, pickle.UnpicklingError)  # a full disk, a file that was cut short


def compiled(function: Any, jit: Callable[..., Any], attempt: Callable[[Any], object]) -> Any:  # noqa: ANN401 - numba has no types
    """Compile by `attempt(function)`: numba compiles for the types that it sees, or is told.

    Args:
        function: What `jit` made of a plain function at import.
        jit: To make it again, without a cache.
        attempt: Calls it, or its `compile`.

    Returns:
        The function to call.
    """
    kept = folder()
    if kept is not None:
        _enable_caching(function, kept)
    try:
        attempt(function)
    except _UNREADABLE:
        function = jit(function.py_func)
        attempt(function)
    return function


def _enable_caching(function: Any, kept: Path) -> None:  # noqa: ANN401 - likewise
    import numba  # noqa: PLC0415 - loads when something is compiled
    from numba.core.compiler_lock import global_compiler_lock  # noqa: PLC0415 - likewise

    config: Any = numba.config
    with global_compiler_lock:  # the folder is a setting of the process: one thread at a time
        before, config.CACHE_DIR = config.CACHE_DIR, str(kept)
        try:
            with suppress(RuntimeError):  # no folder that can be written
                function.enable_caching()
        finally:
            config.CACHE_DIR = before


def is_kept(module: str, name: str) -> bool:
    """Say if the cache seems to have the function `name` of a file `module`.py; a guess, from the names of files."""
    kept = folder()
    return kept is not None and any(kept.rglob(f"{module}.{name}-*.nbi"))
