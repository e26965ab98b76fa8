"""Weights in float32 under the checkpoint's names: the source's own, an artifact's, or a mixture of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.errors import SourceError
from qrecipe.evaluation import faults
from qrecipe.sources.transform_inverse import restored, together
from qrecipe.types.piece import steps
from qrecipe.types.transform import stored_names

if TYPE_CHECKING:
    from qrecipe.host.catalog import Catalog
    from qrecipe.sources.mapped import MappedCheckpoint
    from qrecipe.types.format import FloatArray
    from qrecipe.types.source import Checkpoint

_STEP = 1 << 22  # weights that are decoded at a time


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of models that have the source's shapes."""

    source: MappedCheckpoint
    catalog: Catalog

    def originals(self) -> dict[str, FloatArray]:
        """Return the source's own tensors, as far as the model uses them, without any conversion."""
        names = dict.fromkeys(name for made in self.source.transforms.values() for name in stored_names(made))
        return {name: decoded(self.source.original, name, self.catalog) for name in names}

    def of(self, artifact: Checkpoint) -> dict[str, FloatArray]:
        """Return an artifact's tensors, put back to what the checkpoint calls them."""
        return self._put_back(self.source.transforms, lambda name: self._read(artifact, name))

    def with_one(self, name: str, artifact: Checkpoint) -> dict[str, FloatArray]:
        """Return the checkpoint's tensors behind one canonical tensor of the artifact's.

        Where other canonical tensors are parts of the same, those are the source's.
        """
        names = together(name, self.source.transforms)
        return self._put_back(names, lambda each: self._read(artifact if each == name else self.source, each))

    def same(self, name: str, artifact: Checkpoint) -> bool:
        """Say whether a tensor of the artifact has the source's weights, once both are decoded."""
        return bool(np.array_equal(self._read(artifact, name), self._read(self.source, name)))

    def _put_back(self, names: Iterable[str], read: Callable[[str], FloatArray]) -> dict[str, FloatArray]:
        return dict(restored(self.source.transforms, names, self.source.original.tensors, read))

    def _read(self, checkpoint: Checkpoint, name: str) -> FloatArray:
        return decoded(checkpoint, name, self.catalog).reshape(self.source.tensors[name].shape)


def decoded(checkpoint: Checkpoint, name: str, catalog: Catalog) -> FloatArray:
    """Return a tensor's weights; SourceError where nothing decodes its type."""
    tensor = checkpoint.tensors[name]
    format_ = catalog.formats.get(tensor.dtype)
    if format_ is None:
        raise SourceError(faults.no_decoder(checkpoint.reference, name, tensor.dtype))
    cols = tensor.shape[-1] if tensor.shape else 1
    rows = prod(tensor.shape[:-1])
    weights = np.empty((rows, cols), np.float32)
    row = tensor.nbytes // max(rows, 1)
    for start, stop in steps(0, rows, max(_STEP // max(cols, 1), 1)):
        weights[start:stop] = format_.decode(checkpoint.read(name, start * row, (stop - start) * row), cols)
    return weights.reshape(tensor.shape)
