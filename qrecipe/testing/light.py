"""What loading a plug-in costs: which heavy packages are there once it is imported, and described itself."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

HEAVY = ("numpy", "numba", "torch", "tensorflow", "jax", "mlx", "ray", "pandas", "scipy", "transformers", "matplotlib")
"""Packages that load where a weight is touched: `qrecipe plan` starts without them."""

_SCRIPT = """
import sys
sys.path[:] = {path!r}
{code}
print(*sorted(name for name in {heavy!r} if name in sys.modules), file=sys.__stdout__)
"""


@cache
def loaded_after(code: str) -> tuple[str, ...] | str:
    """Run some Python in a process of its own; return the heavy packages that it loads, or what it raises."""
    script = _SCRIPT.format(path=sys.path, code=code, heavy=HEAVY)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)  # noqa: S603 - the suite's own words
    if run.returncode:
        return (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
    return tuple((run.stdout.splitlines() or [""])[-1].split())


def imports_of(item: object) -> tuple[str, ...] | str | None:
    """Return what importing the module of an item's type loads; None where no module of this name can be imported.

    A class that stands in a test file is no module: it has no cost of its own.
    """
    module = getattr(item, "__module__", None) if callable(item) else type(item).__module__
    found = None if module is None else loaded_after(f"import importlib; importlib.import_module({module!r})")
    return None if isinstance(found, str) and found.startswith("ModuleNotFoundError") else found
