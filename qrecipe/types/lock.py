"""The lock: what made an artifact, written into it. No time, host, user, thread count or absolute path.

Everything here is known when a plan is made; the digests of weights are not, but their number is, so that the size of
an artifact is known before it is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LOCK_VERSION = 1


@dataclass(frozen=True, slots=True)
class Lock:
    """Which recipe, source, plan and versions make an artifact.

    `recipe` is the text of a recipe that gives the artifact again by itself, parents and variables included. `source`
    is a file's name or a reference; the digests are SHA-256 in hexadecimal; `versions` are `name version`, sorted.
    """

    recipe: str
    source: str
    source_digest: str
    plan_digest: str = ""
    imatrix_digest: str = ""
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an artifact says of its making: the imatrix under llama-quantize's names ({} without one), and the lock."""

    imatrix: Mapping[str, str | int] = field(default_factory=dict)
    lock: Lock | None = None
