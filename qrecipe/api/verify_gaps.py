"""The bytes of an artifact that belong to no tensor: padding, which must be zeros, and what stands behind the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qrecipe.api import verify_faults as faults

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic
    from qrecipe.types.source import Checkpoint

ALIGNMENT = "general.alignment"
_STEP = 1 << 20


def gap_faults(checkpoint: Checkpoint) -> Iterator[Diagnostic]:
    """Yield what is wrong with the padding, and bytes behind the last tensor's."""
    for index, file in enumerate(checkpoint.files):
        end, behind = file.header_bytes, "the header"
        for tensor in sorted((t for t in checkpoint.tensors.values() if t.file == index), key=lambda t: t.offset):
            yield from _padding(checkpoint, index, end, tensor.offset, behind)
            end, behind = tensor.offset + tensor.nbytes, f"tensor {tensor.name!r}"
        last = min(end + -end % _alignment(checkpoint), file.nbytes)
        yield from _padding(checkpoint, index, end, last, behind)
        if last < file.nbytes:
            yield faults.trailing(file.name, last, file.nbytes - last)


def _padding(checkpoint: Checkpoint, file: int, start: int, stop: int, behind: str) -> Iterator[Diagnostic]:
    found = 0
    for first in range(start, stop, _STEP):
        data = checkpoint.read_file(file, first, min(_STEP, stop - first))
        found += len(data) - data.count(0)
    if found:
        yield faults.padding(checkpoint.files[file].name, behind, start, found)


def _alignment(checkpoint: Checkpoint) -> int:
    """Return what tensors are padded to: as the header says, 32 in a GGUF that does not, nothing in other files."""
    if checkpoint.container != "gguf":
        return 1
    said = next((entry.scalar() for entry in checkpoint.metadata or () if entry.key == ALIGNMENT), None)
    return said if isinstance(said, int) and said > 0 else 32
