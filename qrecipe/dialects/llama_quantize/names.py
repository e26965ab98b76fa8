"""Names of tensors as one glob that covers them and nothing else: `blk.{0..3,7}.attn_v`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_BLOCK = re.compile(r"blk\.(0|[1-9]\d{0,8})\.(.+)", re.ASCII)
_SPECIAL = re.compile(r"[*?{}\[\]\\,]")
_LEAST_RUN = 3


def globs_of(names: Iterable[str]) -> list[str]:
    """Return a glob for each role that these names have, in the order in which they come."""
    layers: dict[str, list[int] | None] = {}
    for name in names:
        short = name.removesuffix(".weight")
        found = _BLOCK.fullmatch(short)
        if found is None:
            layers.setdefault(_escaped(short), None)
        else:
            of_role = layers.setdefault(f"\0{_escaped(found[2])}", [])
            if of_role is not None:
                of_role.append(int(found[1]))
    return [role if at is None else f"blk.{_numbers(at)}.{role[1:]}" for role, at in layers.items()]


def _numbers(layers: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for layer in sorted(set(layers)):
        if runs and layer == runs[-1][1] + 1:
            runs[-1][1] = layer
        else:
            runs.append([layer, layer])
    pieces = [piece for first, last in runs for piece in _run(first, last)]
    return pieces[0] if len(pieces) == 1 else "{" + ",".join(pieces) + "}"


def _run(first: int, last: int) -> list[str]:
    if last - first + 1 < _LEAST_RUN:
        return [str(layer) for layer in range(first, last + 1)]
    return [f"{{{first}..{last}}}"]


def _escaped(name: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", name)
