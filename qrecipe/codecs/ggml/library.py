"""ggml itself, through ctypes: the encoders and decoders of `libggml-base`, as the package `libggml-python` ships it.

`encode` and `decode` take and give whole rows; each is one C call and holds no lock of Python, so threads run side by
side. ggml makes the tables of its IQ types at their first use, under a lock of its own. The caller has checked what
ggml would abort the process for (`guard` says what that is).

The library is looked for in the package's folder, without importing the package. PluginError where it is missing, or
does not know a type, or stores it otherwise than `table` says.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.errors import Diagnostic, PluginError

if TYPE_CHECKING:
    from qrecipe.codecs.ggml.table import GgmlType
    from qrecipe.types.format import FloatArray

_PACKAGE = "libggml"
_SUBFOLDERS = ("lib64", "lib", "bin")
_FIX = "pip install --upgrade libggml-python"
_TO_FLOAT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


class _Traits(ctypes.Structure):
    """`struct ggml_type_traits` of ggml.h."""

    _fields_ = (
        ("type_name", ctypes.c_char_p),
        ("blck_size", ctypes.c_int64),
        ("blck_size_interleave", ctypes.c_int64),
        ("type_size", ctypes.c_size_t),
        ("is_quantized", ctypes.c_bool),
        ("to_float", ctypes.c_void_p),
        ("from_float_ref", ctypes.c_void_p),
    )


def encode(type_: GgmlType, rows: FloatArray, importance: FloatArray | None) -> bytes:
    """Encode `rows` [n, cols], float32 and C-contiguous; `importance` [cols] likewise, None for none."""
    _decoder(type_)
    n, cols = rows.shape
    out = np.empty(n * (cols // type_.block) * type_.block_bytes, np.uint8)
    weights = None if importance is None else importance.ctypes.data
    written = _library().ggml_quantize_chunk(type_.id, rows.ctypes.data, out.ctypes.data, 0, n, cols, weights)
    if written != out.nbytes:
        raise _broken(type_, f"it wrote {written} bytes of {out.nbytes}")
    return out.tobytes()


def decode(type_: GgmlType, data: bytes | memoryview, cols: int) -> FloatArray:
    """Decode whole rows of `cols` weights to float32 [n, cols]."""
    blocks = np.frombuffer(data, np.uint8)
    rows = np.empty((blocks.nbytes // (cols // type_.block * type_.block_bytes), cols), np.float32)
    _TO_FLOAT(_decoder(type_))(blocks.ctypes.data, rows.ctypes.data, rows.size)
    return rows


def is_finite(type_: GgmlType, data: bytes) -> bool:
    """Say whether every scale and float in encoded `data` is finite; ggml prints a line to stderr where not."""
    _decoder(type_)
    return bool(_library().ggml_validate_row_data(type_.id, data, len(data)))


def version() -> str:
    """Return ggml's version and commit, `0.20.2 (8c63e70)`."""
    library = _library()
    return f"{library.ggml_version().decode()} ({library.ggml_commit().decode()})"


@cache
def _library() -> ctypes.CDLL:
    path = _path()
    try:
        library = ctypes.CDLL(str(path))
        return _declare(library)
    except (OSError, AttributeError) as error:
        raise PluginError(
            Diagnostic("ggml-unusable", f"cannot use ggml's library {path}", why=str(error), fix=_FIX)
        ) from error


def _path() -> Path:
    spec = find_spec(_PACKAGE)
    folders = [Path(folder) / sub for folder in (spec and spec.submodule_search_locations) or () for sub in _SUBFOLDERS]
    for folder in folders:
        if (path := folder / _file_name()).is_file():
            return path
    raise PluginError(
        Diagnostic(
            "ggml-missing",
            "ggml's library is not installed",
            why=f"the package libggml-python brings {_file_name()}, which encodes and decodes all ggml types",
            fix="pip install libggml-python",
        )
    )


def _file_name() -> str:
    names = {"win32": "ggml-base.dll", "darwin": "libggml-base.dylib"}
    return names.get(sys.platform, "libggml-base.so")


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    c_int, c_int64, c_void_p = ctypes.c_int, ctypes.c_int64, ctypes.c_void_p
    library.ggml_quantize_chunk.argtypes = (c_int, c_void_p, c_void_p, c_int64, c_int64, c_int64, c_void_p)
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_get_type_traits.argtypes = (c_int,)
    library.ggml_get_type_traits.restype = ctypes.POINTER(_Traits)
    library.ggml_validate_row_data.argtypes = (c_int, ctypes.c_char_p, ctypes.c_size_t)
    library.ggml_validate_row_data.restype = ctypes.c_bool
    library.ggml_version.restype = ctypes.c_char_p
    library.ggml_commit.restype = ctypes.c_char_p
    return library


@cache
def _decoder(type_: GgmlType) -> int:
    """Return the address of the type's decoder, having checked that the library stores the type as `table` says."""
    library = _library()
    ggml_name = type_.name.lower().replace("_k", "_K")
    if not hasattr(library, f"quantize_{ggml_name}"):  # asking for the traits of an unknown id reads foreign memory
        raise _broken(type_, "it does not know this type")
    traits = library.ggml_get_type_traits(type_.id).contents
    found = (traits.type_name.decode(), traits.blck_size, traits.type_size)
    if found != (ggml_name, type_.block, type_.block_bytes) or not traits.to_float:
        raise _broken(type_, "its id {} is {} with blocks of {} weights in {} bytes".format(type_.id, *found))
    return int(traits.to_float)


def _broken(type_: GgmlType, why: str) -> PluginError:
    what = f"the installed ggml {version()} cannot encode and decode {type_.name}"
    return PluginError(Diagnostic("ggml-lacks-type", what, why=why, fix=_FIX))
