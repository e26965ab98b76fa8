"""`Described`: a part of a conversion's metadata with the warnings that came up, for architectures to put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic
    from qrecipe.types.metadata import MetadataEntry


@dataclass(frozen=True, slots=True)
class Described:
    """Metadata entries in the order in which they are written, each key once, and warnings.

    Attributes:
        entries: The entries.
        findings: What was odd, and passed over.
    """

    entries: tuple[MetadataEntry, ...]
    findings: tuple[Diagnostic, ...] = ()


def once(entries: Iterable[MetadataEntry]) -> tuple[MetadataEntry, ...]:
    """Keep each key once: a later value stands in the first one's place, as in llama.cpp's writer."""
    return tuple({entry.key: entry for entry in entries}.values())
