"""The built-in sources, for `host/builtin.py`; asked in this order."""

from __future__ import annotations

from qrecipe.sources.local import LocalSource
from qrecipe.sources.package import PackageSource
from qrecipe.types.source import Source

SOURCES: tuple[Source, ...] = (PackageSource(), LocalSource())
