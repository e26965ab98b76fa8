"""Transforms undone: from canonical tensors back to the tensors of the checkpoint, under its names.

What a rename, a permutation, a transposition, a stack or a split did is undone exactly. `Add` is undone in float32: the
result may differ in its last bit from what was stored, and adding the number again gives the canonical value. What a
converter made (`Constant`) has no place in the checkpoint and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from qrecipe.sources.transform_shapes import described
from qrecipe.types.transform import Add, Permute, Split, Stack, Stored, Transform, Transpose, stored_names

if TYPE_CHECKING:
    from qrecipe.types.format import FloatArray
    from qrecipe.types.source import StoredTensor

    Parts = dict[Transform, list[tuple[Split, FloatArray]]]


def restored(
    transforms: Mapping[str, Transform],
    names: Iterable[str],
    tensors: Mapping[str, StoredTensor],
    read: Callable[[str], FloatArray],
) -> Iterator[tuple[str, FloatArray]]:
    """Yield the checkpoint's tensors behind canonical ones, by name.

    Args:
        transforms: What each canonical tensor is made of.
        names: Which to undo; with a part of a tensor all its other parts (`together`).
        tensors: The checkpoint's, for shapes.
        read: Gives a canonical tensor's weights in float32, in the shape that the transform describes.
    """
    waiting: Parts = {}
    for name in names:
        if stored_names(transforms[name]):
            yield from _undone(transforms[name], read(name), tensors, waiting)
    if waiting:
        raise ValueError(f"parts are missing of {[stored_names(whole)[0] for whole in waiting]}")


def together(name: str, transforms: Mapping[str, Transform]) -> tuple[str, ...]:
    """Return the canonical names that share tensors of the checkpoint with this one, itself among them."""
    leaves = set(stored_names(transforms[name]))
    return tuple(each for each, made in transforms.items() if each == name or leaves.intersection(stored_names(made)))


def _undone(
    transform: Transform, values: FloatArray, tensors: Mapping[str, StoredTensor], waiting: Parts
) -> Iterator[tuple[str, FloatArray]]:
    match transform:
        case Stored(name):
            yield name, values
        case Stack(parts):
            for part, each in zip(parts, values, strict=True):
                yield from _undone(part, each, tensors, waiting)
        case Split(of):
            waiting.setdefault(of, []).append((transform, values))
            if (whole := _whole(waiting[of], described(of, tensors).shape[transform.axis])) is not None:
                del waiting[of]
                yield from _undone(of, whole, tensors, waiting)
        case Add() | Permute() | Transpose():
            yield from _undone(transform.of, _before(transform, values), tensors, waiting)


def _before(transform: Add | Permute | Transpose, values: FloatArray) -> FloatArray:
    match transform:
        case Add():
            return values - np.float32(transform.value)
        case Permute():
            return _halves(values, transform.heads)
        case Transpose():
            return values.swapaxes(-1, -2)


def _halves(values: FloatArray, heads: int) -> FloatArray:
    """Put the rows of each head from pairs back to halves."""
    pairs = values.reshape(heads, values.shape[0] // heads // 2, 2, *values.shape[1:])
    return pairs.swapaxes(1, 2).reshape(values.shape)


def _whole(parts: list[tuple[Split, FloatArray]], length: int) -> FloatArray | None:
    """Return the parts in one piece once they are all there."""
    if sum(split.stop - split.start for split, _ in parts) < length:
        return None
    ordered = sorted(parts, key=lambda part: part[0].start)
    return np.concatenate([values for _, values in ordered], axis=ordered[0][0].axis)
