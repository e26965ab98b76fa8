"""What a build says of certified blocks: a line for a target, and one for each role that is not whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.cli.render import count
from qrecipe.types.format import BlockCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qrecipe import Built


def certified_lines(built: Built) -> Iterator[str]:
    """Yield them; nothing where no fit certifies."""
    if not built.counts:
        return
    total = _sum(built.counts.values())
    yield f"certified, every weight bit for bit: {_share(total)} in {count(len(built.counts), 'tensor')}"
    rest = total.blocks - total.certified - total.near
    if rest == total.blocks:
        yield "  no block is on the grid: see whether this is the QAT checkpoint that the recipe is for"
    if total.near:
        yield f"  near a grid: {_blocks(total.near)}, no weight more than one step of BF16 off"
    if rest:
        yield f"  on no grid: {_blocks(rest)}, encoded as rtn does"
    for role, names in _roles(built).items():
        counts = _sum(built.counts[name] for name in names)
        if counts.certified < counts.blocks:
            yield f"  {role}: {_share(counts)}{_worst(built, names)}"


def certified_document(built: Built) -> list[dict[str, object]]:
    """Return the numbers of each tensor."""
    return [
        {"tensor": name, "blocks": counts.blocks, "certified": counts.certified, "near": counts.near}
        for name, counts in built.counts.items()
    ]


def _share(counts: BlockCounts) -> str:
    """Say how many, with a percentage that is 100 only where all are."""
    if counts.certified == counts.blocks:
        return f"all {_blocks(counts.blocks)}"
    percent = 10_000 * counts.certified // counts.blocks / 100
    return f"{counts.certified:,} of {_blocks(counts.blocks)} ({percent:.2f}%)"


def _blocks(number: int) -> str:
    return "1 block" if number == 1 else f"{number:,} blocks"


def _worst(built: Built, names: list[str]) -> str:
    """Name the tensor of a role that has the least share, if it has several."""
    if len(names) == 1:
        return ""
    name = min(names, key=lambda name: built.counts[name].certified / built.counts[name].blocks)
    return f", least in {name}: {_share(built.counts[name])}"


def _roles(built: Built) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = {}
    for decision in built.target.decisions:
        if decision.tensor.name in built.counts:
            roles.setdefault(decision.tensor.role, []).append(decision.tensor.name)
    return roles


def _sum(counts: Iterable[BlockCounts]) -> BlockCounts:
    return sum(counts, BlockCounts())
