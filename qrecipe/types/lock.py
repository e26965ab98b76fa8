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

    `recipe` is the text of a recipe that gives the artifact again by itself, parents and variables included; `name` is
    its name, `target` that of the target that became the artifact. `source` is a file's name or a reference; the
    digests are SHA-256 in hexadecimal; `versions` are `name version`, sorted; `types` are those of the tensors in
    canonical order, as recipes write them, ` copied` behind those of which the artifact has the source's bytes.
    """

    name: str
    recipe: str
    source: str
    source_digest: str
    target: str = ""
    plan_digest: str = ""
    imatrix_digest: str = ""
    versions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LockedTensor:
    """What a lock says of one tensor: its type and the digests (hexadecimal) of its bytes, the source's and its own."""

    name: str
    type: str
    source_digest: str
    digest: str

    @property
    def stored(self) -> str:
        """The name of the type, without arguments and without ` copied`."""
        return self.type.partition("(")[0].partition(" ")[0]


@dataclass(frozen=True, slots=True)
class WrittenLock:
    """A lock as it stands in an artifact, its tensors in the file's order.

    `header_digest` is the SHA-256 of the header that the lock states, `sealed` says whether the header has it.
    """

    lock: Lock
    tensors: tuple[LockedTensor, ...]
    header_digest: str
    sealed: bool


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an artifact says of its making: the imatrix under llama-quantize's names ({} without one), and the lock."""

    imatrix: Mapping[str, str | int] = field(default_factory=dict)
    lock: Lock | None = None
