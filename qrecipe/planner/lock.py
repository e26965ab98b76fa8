"""What a lock says of a plan: which tensors get which types under which target, and nothing about how they came to."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qrecipe.types.decision import Decision
    from qrecipe.types.target import Target


def plan_digest(target: Target, decisions: Sequence[Decision]) -> str:
    """Return the SHA-256, in hexadecimal, of one line of JSON for the target and one a tensor."""
    digest = hashlib.sha256()
    for line in _lines(target, decisions):
        digest.update(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def locked_types(decisions: Sequence[Decision]) -> tuple[str, ...]:
    """Return each tensor's type as a lock has it."""
    return tuple(f"{decision.type} copied" if decision.copied else str(decision.type) for decision in decisions)


def _lines(target: Target, decisions: Sequence[Decision]) -> Iterator[object]:
    options = {} if target.options is None else target.options.model_dump(mode="json", exclude_unset=True)
    yield [target.backend, target.profile, options]
    for decision in decisions:
        yield [decision.tensor.name, decision.tensor.shape, str(decision.type), decision.copied]
