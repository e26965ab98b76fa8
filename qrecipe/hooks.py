"""Hook specifications: what a plug-in may offer. Built-ins come through the same hooks, from `host/builtin.py`.

A plug-in is a module or an object with any of these functions, registered under the entry-point group `qrecipe`.
A hook is cheap: it returns descriptions, and heavy packages load in the method that needs them. Where two plug-ins
offer the same name, neither is used, and a warning names both; a built-in keeps its name.

A plug-in may say for which version of all this it is written, by an attribute `qrecipe_api = 1` of that module or
object. One that is written for another version than `API_VERSION` is left out, with a warning that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from qrecipe.types.architecture import Architecture
    from qrecipe.types.dialect import Dialect
    from qrecipe.types.format import Fit, Format
    from qrecipe.types.source import Source
    from qrecipe.types.target import Backend
    from qrecipe.types.task import Executor

API_VERSION = 1
"""Of the hooks and of the protocols in `qrecipe.types`; it grows where a plug-in that worked would fail."""

hookspec = pluggy.HookspecMarker("qrecipe")
hookimpl = pluggy.HookimplMarker("qrecipe")


@hookspec
def qrecipe_formats() -> Iterable[Format]:  # type: ignore[empty-body]
    """Offer quantization types.

    @qrecipe.hookimpl
    def qrecipe_formats():
        return [NF4()]
    """


@hookspec
def qrecipe_fits() -> Iterable[Fit]:  # type: ignore[empty-body]
    """Offer ways to choose scale and codes, named behind `fit=`.

    @qrecipe.hookimpl
    def qrecipe_fits():
        return [MeanSquaredError()]
    """


@hookspec
def qrecipe_backends() -> Iterable[Backend]:  # type: ignore[empty-body]
    """Offer artifact families, named by `backend = "…"`.

    @qrecipe.hookimpl
    def qrecipe_backends():
        return [MlxBackend()]
    """


@hookspec
def qrecipe_sources() -> Iterable[Source]:  # type: ignore[empty-body]
    """Offer places where checkpoints come from.

    @qrecipe.hookimpl
    def qrecipe_sources():
        return [S3Source()]
    """


@hookspec
def qrecipe_architectures() -> Iterable[Architecture]:  # type: ignore[empty-body]
    """Offer model families: names, metadata, tokenizer.

    @qrecipe.hookimpl
    def qrecipe_architectures():
        return [MyModel()]
    """


@hookspec
def qrecipe_executors() -> Iterable[Executor]:  # type: ignore[empty-body]
    """Offer places where tasks run.

    @qrecipe.hookimpl
    def qrecipe_executors():
        return [RayExecutor()]
    """


@hookspec
def qrecipe_functions() -> Iterable[Callable[..., int | str | bool]]:  # type: ignore[empty-body]
    """Offer functions for conditions: pure, total, typed by their signature (int, str, bool).

    @qrecipe.hookimpl
    def qrecipe_functions():
        def is_even(n: int) -> bool:
            return n % 2 == 0
        return [is_even]
    """


@hookspec
def qrecipe_dialects() -> Iterable[Dialect]:  # type: ignore[empty-body]
    """Offer import and export of another tool's rules.

    @qrecipe.hookimpl
    def qrecipe_dialects():
        return [LlamaQuantize()]
    """
