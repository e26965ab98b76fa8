"""When a kernel encodes or decodes, and when ggml does. The bytes and the floats are the same.

A kernel is compiled once so many weights of its type are to be done that this pays (`pays_from`): by what `expect` was
told, or by what was done so far. One that lies in the cache is loaded earlier. While one thread compiles, the
others have ggml. A kernel that does not compile, or does not make what it and the installed ggml must make of a few
blocks, is never used: ggml does it, and a `KernelNote` says so.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from qrecipe.codecs.kernels.catalog import BY_USE, DECODER_OF, Decoder, Kernel
from qrecipe.codecs.kernels.running import (
    Decode,
    Decoding,
    Encoder,
    Reference,
    compile_decoder,
    compile_kernel,
    decoded,
    encoded,
)
from qrecipe.errors import Diagnostic

if TYPE_CHECKING:
    from qrecipe.codecs.ggml.table import GgmlType
    from qrecipe.types.format import FloatArray

Work = Kernel | Decoder
_Checked = tuple[Any, Diagnostic | None]


class KernelNote(UserWarning):
    """A kernel is not used, and why: ggml, or numpy, does its work, with the same result, slower."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic


def encode(ggml: Reference, rows: FloatArray, importance: FloatArray | None) -> bytes:
    """Encode C-contiguous rows of whole blocks, with a kernel or with ggml."""
    kernel = BY_USE.get((ggml.type.name, importance is not None))
    encoder = None if kernel is None else engine().encoder(kernel, ggml, rows.size)
    return ggml.encoded(rows, importance) if encoder is None else encoded(ggml.type, encoder, rows, importance)


def decode(type_: GgmlType, data: bytes | memoryview, cols: int, otherwise: Decode) -> FloatArray:
    """Decode whole rows of `cols` weights to float32 [n, cols], with a kernel or as `otherwise` does."""
    kernel = DECODER_OF.get(type_.name)
    weights = memoryview(data).nbytes // type_.block_bytes * type_.block
    decoder = None if kernel is None else engine().decoder(kernel, type_, otherwise, weights)
    return otherwise(type_, data, cols) if decoder is None else decoded(decoder, data, (weights // cols, cols))


def expect(name: str, *, weighted: bool, weights: int) -> None:
    """Tell that so many weights of a type are going to be encoded."""
    kernel = BY_USE.get((name, weighted))
    if kernel is not None:
        engine().expected[kernel] += weights


def expect_decoding(name: str, weights: int) -> None:
    """Tell that so many weights of a type are going to be decoded."""
    if name in DECODER_OF:
        engine().expected[DECODER_OF[name]] += weights


@dataclass(slots=True)
class Engine:
    """What is known of each kernel in this process.

    Attributes:
        expected: Weights that were announced.
        seen: Weights that came, as long as there was no decision.
        ready: The decision: the function, or None for ggml.
        kept: Whether the cache has it.
        claimed: By which call it is compiled: the first one, since a dict takes one entry at a time.
    """

    expected: Counter[Work] = field(default_factory=Counter)
    seen: Counter[Work] = field(default_factory=Counter)
    ready: dict[Work, Any] = field(default_factory=dict)
    kept: dict[Work, bool] = field(default_factory=dict)
    claimed: dict[Work, object] = field(default_factory=dict)

    def encoder(self, kernel: Kernel, ggml: Reference, weights: int) -> Encoder | None:
        """Return the kernel to encode so many weights with; None if ggml should."""
        found: Encoder | None = self._function(kernel, weights, lambda: _checked(kernel, ggml))
        return found

    def decoder(self, kernel: Decoder, type_: GgmlType, otherwise: Decode, weights: int) -> Decoding | None:
        """Return the kernel to decode so many weights with; None if `otherwise` should."""
        found: Decoding | None = self._function(kernel, weights, lambda: _checked_decoder(kernel, type_, otherwise))
        return found

    def _function(self, kernel: Work, weights: int, check: Callable[[], _Checked]) -> Any:
        if kernel in self.ready:
            return self.ready[kernel]
        self.seen[kernel] += weights
        many = max(self.expected[kernel], self.seen[kernel])
        if many >= kernel.pays_from or (many >= kernel.loads_from and self._is_kept(kernel)):
            thread = object()
            if self.claimed.setdefault(kernel, thread) is thread:
                self._prepare(kernel, check)
        return self.ready.get(kernel)

    def _is_kept(self, kernel: Work) -> bool:
        """Say if the cache has it, which is looked up once."""
        if kernel not in self.kept:
            self.kept[kernel] = _is_kept(kernel)
        return self.kept[kernel]

    def _prepare(self, kernel: Work, check: Callable[[], _Checked]) -> None:
        from qrecipe.codecs.compiled.machine import unusable  # noqa: PLC0415 - asks numba, which loads slowly

        function, fault = (None, None) if unusable() is not None else check()
        self.ready[kernel] = function
        if fault is not None:
            warnings.warn(KernelNote(fault), stacklevel=1)


@cache
def engine() -> Engine:
    """Return this process's."""
    return Engine()


def _is_kept(kernel: Work) -> bool:
    from qrecipe.codecs.compiled.compiling import is_kept  # noqa: PLC0415 - as above

    return is_kept(kernel.module, kernel.name)


def _checked(kernel: Kernel, ggml: Reference) -> _Checked:
    from qrecipe.codecs.kernels.check import is_of_ggml, passes  # noqa: PLC0415 - as above

    if not is_of_ggml(kernel, ggml):
        return None, _not_used(kernel, "the installed ggml has other bytes for this type than the one it follows")
    return _tried(kernel, lambda: compile_kernel(kernel), lambda encoder: passes(kernel, ggml.type, encoder))


def _checked_decoder(kernel: Decoder, type_: GgmlType, otherwise: Decode) -> _Checked:
    from qrecipe.codecs.kernels.check import decodes_like  # noqa: PLC0415 - as above

    return _tried(kernel, lambda: compile_decoder(kernel), lambda decoder: decodes_like(otherwise, type_, decoder))


def _tried(kernel: Work, make: Callable[[], Any], passes: Callable[[Any], bool]) -> _Checked:
    try:
        function = make()
    except Exception as error:  # noqa: BLE001 - whatever numba raises: ggml can do it all the same, and the note says it
        return None, _not_used(kernel, f"it does not compile: {type(error).__name__}: {error}")
    if passes(function):
        return function, None
    made = "bytes" if isinstance(kernel, Kernel) else "weights"
    return None, _not_used(kernel, f"it does not make the {made} that it must of the blocks it is tried on")


def _not_used(kernel: Work, why: str) -> Diagnostic:
    encodes = isinstance(kernel, Kernel)
    instead = f"{'numpy' if kernel.type == 'F16' else 'ggml'} {'encodes' if encodes else 'decodes'}"
    weighted = " with an imatrix" if isinstance(kernel, Kernel) and kernel.weighted else ""
    return Diagnostic(
        "kernel-not-used",
        f"the fast {'encoder' if encodes else 'decoder'} of {kernel.type}{weighted} is not used",
        why=why,
        fix=f"nothing has to be done: {instead}, only slower; please report it",
        severity="warning",
    )
