"""A made-up imatrix for any model, in llama.cpp's two file formats: the same numbers in both, and on every machine.

Like a measured one it is all over the place: squares of bell-shaped numbers, some columns 10,000 times as large, some
zero. In stacked tensors the second expert was never called: the GGUF format says so (count 0), the legacy format can
only store ones.
Formats: llama.cpp `common/imatrix-loader.cpp` and `tools/quantize/quantize.cpp` of the build that the goldens name.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from tests.oracle.deterministic import normal, uniform

CALLS, CHUNKS, DATASET = 57, 13, "synthetic.txt"  # 57: dividing by it rounds
_UNCALLED = 1
Sums = Mapping[str, NDArray[np.float32]]  # by weight name: [matrices, cols], sums of CALLS squares


def write_both(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> tuple[Path, Path]:
    """Write an imatrix for matrices of these shapes (outermost first) in both formats."""
    paths = folder / "imatrix.gguf", folder / "imatrix.dat"
    sums = {name: _sums(name, int(np.prod(shape[:-2])), shape[-1]) for name, shape in shapes.items()}
    _write_gguf(paths[0], sums)
    _write_legacy(paths[1], sums)
    return paths


def _write_gguf(path: Path, sums: Sums) -> None:
    """Write the format of today."""
    writer = gguf.GGUFWriter(path, "")
    writer.kv_data[0].clear()  # an imatrix file has no architecture
    writer.add_type("imatrix")
    writer.add_array("imatrix.datasets", [DATASET])
    writer.add_uint32("imatrix.chunk_count", CHUNKS)
    writer.add_uint32("imatrix.chunk_size", 512)
    for name, rows in sums.items():
        counts = np.full((len(rows), 1), CALLS, np.float32)
        if len(rows) > 1:
            counts[_UNCALLED] = 0
        writer.add_tensor(f"{name}.in_sum2", np.where(counts > 0, rows, np.float32(0)))
        writer.add_tensor(f"{name}.counts", counts)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_legacy(path: Path, sums: Sums) -> None:
    """Write the format of old: entries without a magic, then the chunk count and the data set's name."""
    with path.open("wb") as file:
        file.write(struct.pack("<i", len(sums)))
        for name, rows in sums.items():
            raw = name.encode()
            file.write(struct.pack("<i", len(raw)) + raw + struct.pack("<ii", CALLS, rows.size))
            file.write(rows.astype("<f4").tobytes())
        file.write(struct.pack("<ii", CHUNKS, len(DATASET)) + DATASET.encode())


def _sums(name: str, matrices: int, cols: int) -> NDArray[np.float32]:
    count = matrices * cols
    values = normal(name + "/imatrix", count) ** 2 * CALLS
    pick = uniform(name + "/imatrix/columns", count)
    values[pick < 1 / 100] *= 10_000
    values[pick > 98 / 100] = 0
    rows = values.astype(np.float32).reshape(matrices, cols)
    if matrices > 1:
        rows[_UNCALLED] = CALLS  # that is 1 for each column, as the reader of the GGUF format takes an uncalled expert
    return rows
