"""What a transform (`types.transform`) gives: shape, dtype and bytes of a row, known from headers alone.

`described` finds every fault that headers can show; whatever it has described, `transform_rows` can evaluate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, SourceError
from qrecipe.types.source import StoredTensor
from qrecipe.types.transform import Add, Constant, Permute, Split, Stack, Stored, Transform, Transpose, stored_names

if TYPE_CHECKING:
    from qrecipe.types.tensor import Shape

WIDTHS: Mapping[str, int] = MappingProxyType(
    {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "I8": 1}
)
"""Bytes of an element, where they are whole."""
_ADDED = ("F32", "F16", "BF16")
_MATRIX = 2  # dimensions


@dataclass(frozen=True, slots=True)
class Described:
    """What a transform gives: shape, outermost first, dtype, and bytes of a row."""

    shape: Shape
    dtype: str
    row_bytes: int

    @property
    def rows(self) -> int:
        """Rows of all matrices."""
        return prod(self.shape[:-1])


def described(transform: Transform, tensors: Mapping[str, StoredTensor]) -> Described:
    """Describe the result of a transform of a checkpoint's tensors; SourceError where it cannot be made."""
    match transform:
        case Stored(name):
            found = _stored(name, tensors)
        case Constant(values):
            found = Described((len(values),), "F32", 4 * len(values))
        case Add(of):
            found = _added(transform, described(of, tensors))
        case Permute(of):
            found = _permuted(transform, described(of, tensors))
        case Split(of):
            found = _part(transform, described(of, tensors))
        case Transpose(of):
            found = _transposed(transform, described(of, tensors))
        case Stack(of):
            found = _stacked(transform, [described(each, tensors) for each in of])
    return found


def _stored(name: str, tensors: Mapping[str, StoredTensor]) -> Described:
    tensor = tensors.get(name)
    if tensor is None:
        raise SourceError(_absent(name))
    return Described(tensor.shape, tensor.dtype, tensor.nbytes // max(prod(tensor.shape[:-1]), 1))


def _added(transform: Add, of: Described) -> Described:
    _require(of.dtype in _ADDED, transform, f"a number is added to {of.dtype}")
    return Described(of.shape, "F32", 4 * (of.shape[-1] if of.shape else 1))


def _permuted(transform: Permute, of: Described) -> Described:
    heads = transform.heads
    whole = bool(of.shape) and heads > 0 and of.shape[0] % (2 * heads) == 0
    _require(whole, transform, f"{of.shape[0] if of.shape else 0} rows are no multiple of 2 × {heads} heads")
    _require(of.dtype in WIDTHS, transform, f"{of.dtype} has no whole bytes")
    return of


def _part(transform: Split, of: Described) -> Described:
    start, stop, axis = transform.start, transform.stop, transform.axis
    within = 0 <= axis < len(of.shape) - 1 and 0 <= start < stop <= of.shape[axis]
    _require(within, transform, f"{start} to {stop} of dimension {axis} is outside {of.shape}")
    return Described((*of.shape[:axis], stop - start, *of.shape[axis + 1 :]), of.dtype, of.row_bytes)


def _transposed(transform: Transpose, of: Described) -> Described:
    _require(len(of.shape) >= _MATRIX, transform, f"{of.shape} is no matrix")
    _require(of.dtype in WIDTHS, transform, f"{of.dtype} has no whole bytes")
    return Described((*of.shape[:-2], of.shape[-1], of.shape[-2]), of.dtype, of.shape[-2] * WIDTHS[of.dtype])


def _stacked(transform: Stack, parts: list[Described]) -> Described:
    _require(bool(parts), transform, "there is nothing to stack")
    for part, name in zip(parts, map(_leaf, transform.of), strict=True):
        first = parts[0]
        fits = (part.shape, part.dtype) == (first.shape, first.dtype)
        _require(fits, transform, f"{name} is {part.dtype} {part.shape}, the first is {first.dtype} {first.shape}")
    return Described((len(parts), *parts[0].shape), parts[0].dtype, parts[0].row_bytes)


def _leaf(transform: Transform) -> str:
    return next(iter(stored_names(transform)), "a constant")


def _require(holds: bool, transform: Transform, what: str) -> None:
    if not holds:
        raise SourceError(_impossible(transform, what))


def _absent(name: str) -> Diagnostic:
    return Diagnostic(
        "tensor-absent",
        f"the checkpoint has no tensor {name}",
        why="its architecture makes one of the model's tensors from it",
        fix="download the checkpoint again, or report this to the architecture plug-in's author",
    )


def _impossible(transform: Transform, what: str) -> Diagnostic:
    return Diagnostic(
        "transform-impossible",
        f"{_leaf(transform)} cannot be converted: {what}",
        why=f"its architecture asks for {type(transform).__name__.lower()} there",
        fix="compare config.json with the weights: they may be of different models",
    )
