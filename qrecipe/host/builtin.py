"""The one list of built-ins: plug-ins like any other, objects with hook implementations that the host registers.

Each folder lists what it offers in its own `builtin.py`; nothing registers itself on import.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qrecipe.hooks import hookimpl

if TYPE_CHECKING:
    from qrecipe.types.architecture import Architecture
    from qrecipe.types.dialect import Dialect
    from qrecipe.types.format import Fit, Format
    from qrecipe.types.source import Source
    from qrecipe.types.target import Backend
    from qrecipe.types.task import Executor


class Codecs:
    """Every ggml type, the names of the integer and float8 families, and the fits."""

    @hookimpl
    def qrecipe_formats(self) -> Sequence[Format]:
        """Offer the built-in formats."""
        from qrecipe.codecs.builtin import FORMATS

        return FORMATS

    @hookimpl
    def qrecipe_fits(self) -> Sequence[Fit]:
        """Offer the built-in fits."""
        from qrecipe.codecs.builtin import FITS

        return FITS


class Conditions:
    """The functions of conditions."""

    @hookimpl
    def qrecipe_functions(self) -> Sequence[Callable[..., int | str | bool]]:
        """Offer `more_bits`, `min` and `max`."""
        from qrecipe.recipe.functions import BUILTINS

        return BUILTINS


class Gguf:
    """The gguf backend."""

    @hookimpl
    def qrecipe_backends(self) -> Sequence[Backend]:
        """Offer `gguf`."""
        from qrecipe.backends.gguf.backend import GgufBackend

        return (GgufBackend(),)


class Local:
    """Executors on this machine."""

    @hookimpl
    def qrecipe_executors(self) -> Sequence[Executor]:
        """Offer threads, inline and the dry run."""
        from qrecipe.executors.builtin import EXECUTORS

        return EXECUTORS


class Families:
    """gemma4, gemma3, llama, qwen3, qwen3moe."""

    @hookimpl
    def qrecipe_architectures(self) -> Sequence[Architecture]:
        """Offer the built-in architectures."""
        from qrecipe.architectures.builtin import ARCHITECTURES

        return ARCHITECTURES


class Checkpoints:
    """GGUF, safetensors and `pkg:`."""

    @hookimpl
    def qrecipe_sources(self) -> Sequence[Source]:
        """Offer the built-in sources."""
        from qrecipe.sources.builtin import SOURCES

        return SOURCES


class Dialects:
    """Command lines of llama-quantize."""

    @hookimpl
    def qrecipe_dialects(self) -> Sequence[Dialect]:
        """Offer the built-in dialects."""
        from qrecipe.dialects.builtin import DIALECTS

        return DIALECTS


BUILTINS: tuple[object, ...] = (Codecs(), Conditions(), Gguf(), Local(), Families(), Checkpoints(), Dialects())
