"""Python objects as torchao writes them into JSON: `{"_type": …, "_data": …}`, without torch.

Two encoders of torchao 0.18 are followed: `core/config.py` (`config_to_dict`) for the configurations of `config.json`,
which add `_version`, and `prototype/safetensors/safetensors_utils.py` for the entries in headers, which do not. Tests
hold both against torchao, key by key and in their order.
"""

from __future__ import annotations

from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_TORCH = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}
RUN_DTYPES = {name: dtype for dtype, name in _TORCH.items()}
"""safetensors' spelling of a dtype by torch's."""


def described(kind: str, data: Json, version: int | None = None) -> dict[str, Json]:
    """Return a value of class `kind`."""
    numbered: dict[str, Json] = {} if version is None else {"_version": version}
    return {"_type": kind, **numbered, "_data": data}


def torch_dtype(name: str) -> dict[str, Json]:
    """Return a dtype by torch's name: `int4`, `float8_e4m3fn`."""
    return described("torch.dtype", name)


def run_dtype(dtype: str) -> dict[str, Json]:
    """Return a dtype by safetensors' name: `BF16`."""
    return torch_dtype(_TORCH[dtype])


def per_row(version: int | None = None) -> dict[str, Json]:
    """Return `PerRow()`."""
    return described("PerRow", {"dim": -1}, version)


def per_group(group: int) -> dict[str, Json]:
    """Return `PerGroup(group)`, for configurations."""
    return described("PerGroup", {"group_size": group}, 1)
