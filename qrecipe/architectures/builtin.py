"""The built-in architectures, for `host/builtin.py`; asked in this order."""

from __future__ import annotations

from qrecipe.types.architecture import Architecture

ARCHITECTURES: tuple[Architecture, ...] = ()
