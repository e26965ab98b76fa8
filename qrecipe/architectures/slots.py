"""What a family's model is made of: one `Slot` a canonical tensor, with the shape that config.json implies.

A slot says how the tensor comes from the checkpoint's. Names in it are plain: a family's `plain` brings what
checkpoints of several makers call a tensor (`model.language_model.…`, `language_model.model.…`) to one spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qrecipe.types.transform import Constant, Split, Stack, Stored, Transform, Transpose

if TYPE_CHECKING:
    from qrecipe.types.tensor import Shape

_BLOCK = re.compile(r"blk\.(0|[1-9][0-9]{0,5})\.(.+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Slot:
    """A canonical tensor.

    Attributes:
        name: The canonical name.
        value: What it is made of, under plain names.
        shape: Of every stored tensor in `value`, outermost first.
        required: The model cannot be without it.
    """

    name: str
    value: Transform
    shape: Shape
    required: bool = True


@dataclass(frozen=True, slots=True)
class Names:
    """A family's names: canonical to plain.

    Attributes:
        outside: Tensors outside the blocks.
        block: What stands behind `blk.N.`, to what stands behind `model.layers.N.`.
        published: What stands for `model.` in the checkpoints that the family's maker published.
    """

    outside: Mapping[str, str]
    block: Mapping[str, str]
    published: str = "model."

    def slot(self, key: str, shape: Shape, *, block: int | None = None, required: bool = True) -> Slot:
        """Return a slot for a tensor that is only renamed."""
        return Slot(canonical(key, block), self.stored(key, block), shape, required)

    def stored(self, key: str, block: int | None = None) -> Stored:
        """Return the plain name behind a canonical one, that without its `blk.N.`."""
        return Stored(self.outside[key] if block is None else f"model.layers.{block}.{self.block[key]}")

    def checkpoint_names(self, name: str) -> tuple[str, ...]:
        """Return the published name behind a canonical one; () where there is none, or a number that is not known."""
        found = _BLOCK.fullmatch(name)
        block, key = (int(found[1]), found[2]) if found else (None, name)
        if key not in (self.outside if block is None else self.block):
            return ()
        plain = self.stored(key, block).name
        return (self.published + plain.removeprefix("model.") if plain.startswith("model.") else plain,)


def canonical(key: str, block: int | None) -> str:
    """Return a canonical name."""
    return key if block is None else f"blk.{block}.{key}"


def cut_embeddings(slots: Iterator[Slot], rows: int | None) -> Iterator[Slot]:
    """Cut the embeddings to `rows`, where they have more."""
    for slot in slots:
        cut = slot.name == "token_embd.weight" and rows is not None and 0 < rows < slot.shape[0]
        yield replace(slot, value=Split(slot.value, 0, rows or 0)) if cut else slot


def plain_name(name: str) -> str:
    """Take `language_model.` out of a name, wherever makers put it."""
    return name.replace("language_model.", "")


def result_shape(value: Transform, shape: Shape) -> Shape:
    """Return the shape that a transform gives where every stored tensor in it has `shape`."""
    match value:
        case Stored():
            return shape
        case Constant(values):
            return (len(values),)
        case Stack(of):
            return (len(of), *result_shape(of[0], shape))
        case Split(of, start, stop, axis):
            inner = result_shape(of, shape)
            return (*inner[:axis], stop - start, *inner[axis + 1 :])
        case Transpose(of):
            *outer, rows, cols = result_shape(of, shape)
            return (*outer, cols, rows)
    return result_shape(value.of, shape)
