"""How a canonical tensor comes from a checkpoint's: transforms as data, so that shapes are known without a weight.

A transform is a small tree of frozen values; its leaves are tensors of the checkpoint (`Stored`) or numbers that the
converter makes (`Constant`). `sources/mapped.py` evaluates it for a range of rows, with memory bounded by the rows that
are asked for. Shapes are outermost first; the row length is the last dimension.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor of the checkpoint as it is: a rename.

    Attributes:
        name: The checkpoint's name.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A one-dimensional F32 tensor that no checkpoint holds (`rope_freqs`).

    Attributes:
        values: Its elements, each rounded to float32.
    """

    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Add:
    """`of + value` for every weight, in float32 (in float16 where `of` is F16, as llama.cpp's converter has it).

    The result is F32. For families whose norms are stored less 1.

    Attributes:
        of: What is added to.
        value: What is added.
    """

    of: Transform
    value: float


@dataclass(frozen=True, slots=True)
class Permute:
    """The rows of each head from halves to pairs: row `2i + k` of a head is its row `k * n/2 + i`, n rows a head.

    What rotary embeddings of the `llama` family need in GGUF; transformers stores the halves. The first dimension is
    permuted, whatever follows it; it is a multiple of `2 * heads`.

    Attributes:
        of: What is permuted.
        heads: How many heads the rows are.
    """

    of: Transform
    heads: int


@dataclass(frozen=True, slots=True)
class Split:
    """A part of one dimension, not the last: indices `start` to `stop`, `stop` excluded.

    Attributes:
        of: What is split; of two dimensions at least.
        start: The first index, from 0.
        stop: The index behind the last.
        axis: Which dimension, from 0, outermost.
    """

    of: Transform
    start: int
    stop: int
    axis: int = 0


@dataclass(frozen=True, slots=True)
class Stack:
    """Tensors of one shape and dtype, one behind the other along a new outermost dimension (experts).

    Attributes:
        of: The tensors, in order.
    """

    of: tuple[Transform, ...]


@dataclass(frozen=True, slots=True)
class Transpose:
    """The last two dimensions exchanged.

    Attributes:
        of: What is transposed; of two dimensions at least.
    """

    of: Transform


Transform = Stored | Constant | Add | Permute | Split | Stack | Transpose
"""What a canonical tensor is made of."""


def stored_names(transform: Transform) -> tuple[str, ...]:
    """Return the checkpoint's names in a transform, in order; () for one that only the converter makes.

    >>> stored_names(Stack((Stored("experts.0.up_proj.weight"), Stored("experts.1.up_proj.weight"))))
    ('experts.0.up_proj.weight', 'experts.1.up_proj.weight')
    """
    match transform:
        case Stored(name):
            return (name,)
        case Constant():
            return ()
        case Stack(of):
            return tuple(name for each in of for name in stored_names(each))
    return stored_names(transform.of)
