"""Imatrix files (llama.cpp's importance matrix) in both formats, as weights for ggml's encoders.

In: a path. Out: per tensor the mean squared input of each column, float32 [matrices, cols], as llama-quantize computes
it: the sums divided by their counts, in float32; a matrix that no token reached gets ones and is listed in `uncounted`.
The legacy format divides by its number of calls, and cannot say which experts were never reached. Anything else than
finite float32 data of the right sizes is a `SourceError`. Sources: llama.cpp, tools/imatrix and its quantize tool.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.sources.byte_string import open_bytes
from qrecipe.sources.fault import Place, counted, fault
from qrecipe.sources.gguf_header import MAGIC
from qrecipe.sources.imatrix_gguf import read_gguf, read_gguf_sums
from qrecipe.sources.imatrix_legacy import read_legacy, read_legacy_sums

if TYPE_CHECKING:
    from qrecipe.sources.imatrix_data import ImatrixSums
    from qrecipe.types.format import FloatArray
    from qrecipe.types.tensor import TensorInfo


@dataclass(frozen=True, slots=True)
class Imatrix:
    """An imatrix file's data by weight name, read-only arrays. `chunk_count` is 0 where the file does not say."""

    file: str
    entries: Mapping[str, FloatArray]
    uncounted: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()
    chunk_count: int = 0

    @property
    def entry_count(self) -> int:
        """Number of weights that it has data for."""
        return len(self.entries)

    def importance_for(self, tensor: TensorInfo) -> FloatArray | None:
        """Return the columns' weights [stacked, cols] for a tensor; None without data; SourceError if they do not fit.

        A dense stack may have all its columns in one long row; only the number of values has to be right.
        """
        values = self.entries.get(tensor.name)
        if values is None:
            return None
        if values.size != tensor.stacked * tensor.cols:
            raise self._misfit(tensor, values.size)
        return values.reshape(tensor.stacked, tensor.cols)

    def _misfit(self, tensor: TensorInfo, size: int) -> Exception:
        shape = f"{counted(tensor.cols, 'column')} in {counted(tensor.stacked, 'matrix')}"
        return fault(
            "imatrix-misfit",
            Place(self.file),
            f"the imatrix has {size} values for {tensor.name!r}, and the tensor needs {tensor.stacked * tensor.cols}",
            why=f"it has {shape}: is the imatrix of another model?",
            fix="give the imatrix that was made from this model",
        )


def read_imatrix(path: Path) -> Imatrix:
    """Read an imatrix file: GGUF if it begins like one, else the older format without a magic."""
    string = open_bytes([path])
    is_gguf = string.read(0, min(len(MAGIC), string.nbytes)) == MAGIC
    raw = read_gguf(string) if is_gguf else read_legacy(string)
    for name, values in raw.entries.items():
        _check_finite(name, values, Place(str(path)))
        values.flags.writeable = False
    return Imatrix(str(path), raw.entries, raw.uncounted, raw.datasets, raw.chunk_count)


def read_imatrix_sums(path: Path) -> ImatrixSums:
    """Read an imatrix file likewise, and divide nothing: for whoever writes another one."""
    string = open_bytes([path])
    is_gguf = string.read(0, min(len(MAGIC), string.nbytes)) == MAGIC
    found = read_gguf_sums(string) if is_gguf else read_legacy_sums(string)
    for name, values in found.sums.items():
        _check_finite(name, values, Place(str(path)))
    return replace(found, file=str(path))


def _check_finite(name: str, values: FloatArray, place: Place) -> None:
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        matrix, column = divmod(int(bad[0]), values.shape[1])
        what = (
            f"NaN or infinity stands in the data of {name!r}: {counted(bad.size, 'value')}, first [{matrix}, {column}]"
        )
        fix = "make the imatrix again; a model that overflows on some input gives such values"
        raise fault("imatrix-not-finite", place, what, why="columns cannot be weighted with them", fix=fix)
