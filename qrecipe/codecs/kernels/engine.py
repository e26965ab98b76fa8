"""When a kernel encodes, and when ggml does. The bytes are the same.

A kernel is compiled once so many weights of its type are to be encoded that this pays (`Kernel.pays_from`): by what
`expect` was told, or by what was encoded so far. One that lies in the cache is loaded much earlier. While one thread
compiles, the others encode with ggml. A kernel that does not compile, or does not make the bytes that it and the
installed ggml must make of a few blocks, is never used: ggml encodes, and a `KernelNote` says so.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from qrecipe.codecs.kernels.catalog import BY_USE, Kernel
from qrecipe.codecs.kernels.running import Encoder, Reference, compile_kernel, encoded
from qrecipe.errors import Diagnostic

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray


class KernelNote(UserWarning):
    """A kernel is not used, and why: ggml encodes, with the same bytes, slower."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic


def encode(ggml: Reference, rows: FloatArray, importance: FloatArray | None) -> bytes:
    """Encode C-contiguous rows of whole blocks, with a kernel or with ggml."""
    kernel = BY_USE.get((ggml.type.name, importance is not None))
    encoder = None if kernel is None else engine().encoder(kernel, ggml, rows.size)
    return ggml.encoded(rows, importance) if encoder is None else encoded(ggml.type, encoder, rows, importance)


def expect(name: str, *, weighted: bool, weights: int) -> None:
    """Tell that so many weights of a type are going to be encoded."""
    kernel = BY_USE.get((name, weighted))
    if kernel is not None:
        engine().expected[kernel] += weights


@dataclass(slots=True)
class Engine:
    """What is known of each kernel in this process.

    Attributes:
        expected: Weights that were announced.
        encoded: Weights that came, as long as there was no decision.
        ready: The decision: the encoder, or None for ggml.
        kept: Whether the cache has it.
        claimed: By which call it is compiled: the first one, since a dict takes one entry at a time.
    """

    expected: Counter[Kernel] = field(default_factory=Counter)
    encoded: Counter[Kernel] = field(default_factory=Counter)
    ready: dict[Kernel, Encoder | None] = field(default_factory=dict)
    kept: dict[Kernel, bool] = field(default_factory=dict)
    claimed: dict[Kernel, object] = field(default_factory=dict)

    def encoder(self, kernel: Kernel, ggml: Reference, weights: int) -> Encoder | None:
        """Return the kernel to encode so many weights with; None if ggml should."""
        if kernel in self.ready:
            return self.ready[kernel]
        self.encoded[kernel] += weights
        many = max(self.expected[kernel], self.encoded[kernel])
        if many >= kernel.pays_from or (many >= kernel.loads_from and self._is_kept(kernel)):
            thread = object()
            if self.claimed.setdefault(kernel, thread) is thread:
                self._prepare(kernel, ggml)
        return self.ready.get(kernel)

    def _is_kept(self, kernel: Kernel) -> bool:
        """Say if the cache has it, which is looked up once."""
        if kernel not in self.kept:
            self.kept[kernel] = _is_kept(kernel)
        return self.kept[kernel]

    def _prepare(self, kernel: Kernel, ggml: Reference) -> None:
        from qrecipe.codecs.compiled.machine import unusable  # noqa: PLC0415 - asks numba, which loads slowly

        encoder, fault = (None, None) if unusable() is not None else _checked(kernel, ggml)
        self.ready[kernel] = encoder
        if fault is not None:
            warnings.warn(KernelNote(fault), stacklevel=1)


@cache
def engine() -> Engine:
    """Return this process's."""
    return Engine()


def _is_kept(kernel: Kernel) -> bool:
    from qrecipe.codecs.compiled.compiling import is_kept  # noqa: PLC0415 - as above

    return is_kept(kernel.module, kernel.name)


def _checked(kernel: Kernel, ggml: Reference) -> tuple[Encoder | None, Diagnostic | None]:
    from qrecipe.codecs.kernels.check import is_of_ggml, passes  # noqa: PLC0415 - as above

    if not is_of_ggml(kernel, ggml):
        return None, _not_used(kernel, "the installed ggml has other bytes for this type than the one it follows")
    try:
        encoder = compile_kernel(kernel)
        if passes(kernel, ggml.type, encoder):
            return encoder, None
        why = "it does not make the bytes that it must of the blocks it is tried on"
    except Exception as error:  # noqa: BLE001 - whatever numba raises: ggml can encode all the same, and the note says it
        why = f"it does not compile: {type(error).__name__}: {error}"
    return None, _not_used(kernel, why)


def _not_used(kernel: Kernel, why: str) -> Diagnostic:
    return Diagnostic(
        "kernel-not-used",
        f"the fast encoder of {kernel.type}{' with an imatrix' if kernel.weighted else ''} is not used",
        why=why,
        fix="nothing has to be done: ggml encodes, only slower; please report it",
        severity="warning",
    )
