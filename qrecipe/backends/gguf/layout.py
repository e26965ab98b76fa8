"""Where every byte of a GGUF artifact lies, before any work: one file, tensors in the order of the decisions.

The order is canonical because the plan's is. Each tensor starts at a multiple of 32 and the last one is padded too, as
llama-quantize pads. Sizes come from `Format.nbytes` alone. Where the metadata is unknown (a shipped inventory), the
data section is exact all the same; the header is then estimated from the tensor table, and parts count their offsets
from the start of the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qrecipe.backends.gguf.header import TableRow, header_nbytes, padded
from qrecipe.types.decision import Decision
from qrecipe.types.metadata import MetadataEntry
from qrecipe.types.target import Layout, OutputFile, Part

WHY_ESTIMATE = "the inventory has no metadata (tokenizer and settings), which the file's header will hold"


def gguf_layout(
    metadata: Sequence[MetadataEntry] | None,
    decisions: Sequence[Decision],
    path: str,
    why_estimate: str = WHY_ESTIMATE,
) -> Layout:
    """Lay out one file at `path`; `metadata` is what will be written, None where that is not known, with the reason."""
    parts, data_bytes = _data_section(decisions, path)
    header = header_nbytes(metadata or (), table(decisions, parts, header_bytes=0))
    if metadata is None:
        file = OutputFile(path, None, None, estimate=header + data_bytes, why_estimate=why_estimate)
        return Layout((file,), {part.name: (part,) for part in parts}, data_bytes)
    file = OutputFile(path, header + data_bytes, header)
    return Layout((file,), {part.name: (_moved(part, header),) for part in parts}, data_bytes)


def table(decisions: Sequence[Decision], parts: Sequence[Part], *, header_bytes: int) -> tuple[TableRow, ...]:
    """Return the tensor table; `header_bytes` is what the parts' offsets count besides the data."""
    return tuple(_table_rows(decisions, parts, header_bytes))


def _table_rows(decisions: Sequence[Decision], parts: Sequence[Part], header_bytes: int) -> Iterator[TableRow]:
    for decision, part in zip(decisions, parts, strict=True):
        type_id = decision.type.format.gguf_id
        if type_id is None:  # `stores` refuses such a type, so no plan holds one
            raise ValueError(f"{part.name}: {part.dtype} has no GGUF type id")
        yield TableRow(part.name, part.shape, type_id, part.offset - header_bytes)


def _data_section(decisions: Sequence[Decision], path: str) -> tuple[tuple[Part, ...], int]:
    """Return the parts, offsets from the start of the data, and the section's size."""
    parts: list[Part] = []
    offset = 0
    for decision in decisions:
        tensor, use = decision.tensor, decision.type
        nbytes = use.format.nbytes(tensor.shape, use.args)
        parts.append(Part(tensor.name, use.format.name, tensor.shape, path, offset, nbytes))
        offset += padded(nbytes)
    return tuple(parts), offset


def _moved(part: Part, by: int) -> Part:
    return Part(part.name, part.dtype, part.shape, part.file, part.offset + by, part.nbytes)
