"""The built-in sources, for `host/builtin.py`; asked in this order."""

from __future__ import annotations

from qrecipe.sources.filesystem import FilesystemSource
from qrecipe.sources.hub import HubSource
from qrecipe.sources.local import LocalSource
from qrecipe.sources.package import PackageSource
from qrecipe.sources.shipped import ShippedSource
from qrecipe.sources.web import WebSource
from qrecipe.types.source import Source

SOURCES: tuple[Source, ...] = (
    PackageSource(),
    ShippedSource(),
    HubSource(),
    WebSource(),
    FilesystemSource(),
    LocalSource(),
)
