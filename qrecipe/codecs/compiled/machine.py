"""What this process can compile for: whether numba compiles at all, and whether vectors are wide enough to be worth it.

`NUMBA_CPU_NAME` and `NUMBA_CPU_FEATURES` choose another CPU than the host's, as numba reads them.
"""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version
from typing import Any

from qrecipe.errors import Diagnostic, PluginError

_MACHINES = ("x86_64", "AMD64")  # elsewhere ggml's own build may contract a * b + c, and has other bytes
_NEEDED = ("+avx2", "+f16c")  # LLVM ends the process where an instruction that is asked for is not there
_WIDE = ("haswell", "broadwell", "skylake", "x86-64-v3", "x86-64-v4", "cascadelake", "icelake", "znver")


def no_compiler() -> str | None:
    """Say why nothing can be compiled; None if it can."""
    try:
        return "NUMBA_DISABLE_JIT is set" if _settings().DISABLE_JIT else None
    except ImportError as error:
        return f"numba cannot be loaded: {error}"


def need_compiler() -> None:
    """Refuse to search for grids where nothing can be compiled.

    Raises:
        PluginError: `numba-unusable`.
    """
    if (why := no_compiler()) is not None:
        raise PluginError(
            Diagnostic(
                "numba-unusable",
                "the search for grids needs numba, which compiles nothing here",
                why=why,
                fix="install numba again or unset NUMBA_DISABLE_JIT, or choose another fit than lattice",
            )
        )


def unusable() -> str | None:
    """Say why kernels are not used here; None if they are."""
    if platform.machine() not in _MACHINES:
        return f"kernels are for x86-64, and this is {platform.machine()}"
    if (why := no_compiler()) is not None:
        return why
    if not _is_wide(*cpu()):
        return "the CPU has no AVX2, or no F16C"
    return None


def _is_wide(name: str, features: str) -> bool:
    """Say whether there are the instructions that kernels ask for by name; without a list, the CPU's name tells."""
    given = features.split(",")
    return all(each in given for each in _NEEDED) if features else name.startswith(_WIDE)


def _settings() -> Any:  # noqa: ANN401 - attributes that numba makes of the environment
    import numba  # noqa: PLC0415 - takes a quarter of a second to load

    return numba.config


@cache
def cpu() -> tuple[str, str]:
    """Return the name and the features of the CPU that numba compiles for, as LLVM spells them."""
    import llvmlite.binding as llvm  # noqa: PLC0415 - loads slowly

    config = _settings()
    name = llvm.get_host_cpu_name() if config.CPU_NAME is None else str(config.CPU_NAME)
    features = llvm.get_host_cpu_features().flatten() if config.CPU_FEATURES is None else str(config.CPU_FEATURES)
    return name, features


@cache
def identity() -> str:
    """Return what compiled code depends on besides its source: Python, numba, llvmlite, and the CPU."""
    versions = (platform.python_version(), version("numba"), version("llvmlite"), version("numpy"))
    return " ".join((*versions, platform.machine(), *cpu()))
