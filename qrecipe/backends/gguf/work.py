"""What a task does with its rows: copy them, or decode, check and encode them. Picklable values that are called.

Rows are those of the flattened tensor: all rows of matrix 0, then of matrix 1. A weight that is not finite
and a codec that breaks its promise stop the build: never a wrong file. What a codec refuses is told with its tensor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qrecipe.backends.gguf import faults
from qrecipe.backends.gguf.staged import Place
from qrecipe.codecs.finite import first_nonfinite
from qrecipe.errors import BuildError, Diagnostic, Location, QrecipeError
from qrecipe.types.format import Fit, Format, TypeUse
from qrecipe.types.source import Checkpoint
from qrecipe.types.tensor import TensorInfo

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray


@dataclass(frozen=True, slots=True)
class Origin:
    """Rows of one tensor of the checkpoint; `format` decodes them."""

    checkpoint: Checkpoint
    tensor: TensorInfo
    format: Format

    @property
    def file(self) -> str:
        """The name of the file that holds the tensor."""
        return self.checkpoint.files[self.checkpoint.tensors[self.tensor.name].file].name

    def read(self, start: int, stop: int) -> bytes:
        """Return rows `start` to `stop` as they are stored."""
        row = self.format.nbytes((1, self.tensor.cols), ())
        return self.checkpoint.read(self.tensor.name, start * row, (stop - start) * row)


@dataclass(frozen=True, slots=True)
class CopyRows:
    """The source's bytes, unchanged and never decoded."""

    origin: Origin
    start: int
    stop: int
    place: Place

    def __call__(self) -> None:
        """Copy."""
        self.place.write(self.origin.read(self.start, self.stop))


@dataclass(frozen=True, slots=True, eq=False)
class EncodeRows:
    """Rows in another type, or fitted anew. `fit` is None for plain floats; `importance` is [cols]."""

    origin: Origin
    start: int
    stop: int
    place: Place
    use: TypeUse
    fit: Fit | None
    importance: FloatArray | None

    def __call__(self) -> None:
        """Read, decode, check, encode, check, write."""
        try:
            data = self._converted()
        except QrecipeError as error:
            raise type(error)(*(self._located(fault) for fault in error.diagnostics)) from error
        self.place.write(data)

    def _converted(self) -> bytes:
        rows = self.origin.format.decode(self.origin.read(self.start, self.stop), self.origin.tensor.cols)
        self._require_finite(rows)
        data = self._encoded(rows)
        promised = self.use.format.nbytes(rows.shape, self.use.args)
        if len(data) != promised:
            raise BuildError(faults.dishonest_size(self.origin.tensor, self.use, len(data), promised))
        return data

    def _located(self, fault: Diagnostic) -> Diagnostic:
        """Codecs know rows, not tensors: say which tensor theirs was."""
        where = Location(file=self.origin.file, key_path=self.origin.tensor.name)
        return replace(fault, where=where) if fault.where is None else fault

    def _encoded(self, rows: FloatArray) -> bytes:
        if self.fit is None:
            return self.use.format.encode(rows, self.use.args, None)
        return self.fit.encode(self.use, rows, self.importance)

    def _require_finite(self, rows: FloatArray) -> None:
        found = first_nonfinite(rows)
        if found is not None:
            tensor, value = self.origin.tensor, float(rows.flat[found])
            raise BuildError(faults.non_finite(tensor, self.start * tensor.cols + found, value, self.origin.file))
