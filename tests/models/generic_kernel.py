"""Lets ggml multiply TQ2_0 by its generic code in place of the one for this processor: in this process, to its end.

ggml keeps one product for each type in a table that is read-only once loaded; the table's page is made writable here.
That is for Linux, and for a process that does nothing else.
"""

import ctypes
import mmap
import sys
from pathlib import Path

TQ2_0 = 35


class Traits(ctypes.Structure):
    """`struct ggml_type_traits_cpu` of ggml-cpu.h, its first fields."""

    _fields_ = (("from_float", ctypes.c_void_p), ("vec_dot", ctypes.c_void_p), ("vec_dot_type", ctypes.c_int))


def use_generic_kernel(library: Path) -> None:
    """Change the table of this library; SystemExit where it is not as believed."""
    ggml = ctypes.CDLL(str(library))
    ggml.ggml_get_type_traits_cpu.restype = ctypes.POINTER(Traits)
    traits = ggml.ggml_get_type_traits_cpu(TQ2_0).contents
    usual, generic = (_address(ggml, f"ggml_vec_dot_tq2_0_q8_K{kind}") for kind in ("", "_generic"))
    if traits.vec_dot != usual:
        sys.exit("error: the table's entry is not the product that the library exports")
    start = ctypes.addressof(traits) & -mmap.PAGESIZE
    size = ctypes.addressof(traits) + ctypes.sizeof(traits) - start
    writable = mmap.PROT_READ | mmap.PROT_WRITE
    if ctypes.CDLL(None).mprotect(ctypes.c_void_p(start), ctypes.c_size_t(size), writable):
        sys.exit("error: the table's page stays read-only")
    traits.vec_dot = generic


def _address(ggml: ctypes.CDLL, name: str) -> int | None:
    return ctypes.cast(ggml[name], ctypes.c_void_p).value
