"""How much of two folders of shards is equal, by kind of array: bytes of packed codes, of scales, of all else."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

Arrays = dict[str, tuple[object, bytes]]


def text(mine: Path, theirs: Path) -> str:
    """Say what share of each kind's bytes is equal, and which arrays only one side has."""
    ours, others = arrays(mine), arrays(theirs)
    kinds = sorted({name.rpartition(".")[2] for name in ours.keys() & others.keys()})
    shown = [f"{kind} {100 * share(ours, others, f'.{kind}'):.2f} %" for kind in kinds]
    alone = sorted(ours.keys() ^ others.keys())
    return ", ".join(shown) + (f"; only on one side: {', '.join(alone)}" if alone else "")


def share(ours: Arrays, others: Arrays, kind: str = "") -> float:
    """Return the share of equal bytes in arrays whose name ends in `kind`; other dtype or shape: none is equal."""
    equal = whole = 0
    for name in ours.keys() & others.keys():
        if name.endswith(kind):
            (head, data), (other_head, other) = ours[name], others[name]
            whole += len(data)
            if head == other_head:
                equal += int((np.frombuffer(data, np.uint8) == np.frombuffer(other, np.uint8)).sum())
    return equal / whole if whole else 1.0


def arrays(folder: Path) -> Arrays:
    """Return dtype, shape and bytes of each array."""
    found: Arrays = {}
    for path in folder.glob("*.safetensors"):
        data = path.read_bytes()
        start = 8 + struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:start])
        header.pop("__metadata__", None)
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            found[name] = ((entry["dtype"], tuple(entry["shape"])), data[start + first : start + last])
    return found
