"""Formats (quantization types), their arguments, and fits: what a type chain is made of.

A format is a value: its name is a string only in files and on screens. `nbytes` is the only place that computes a
size. Formats are immutable, and a format costs nothing until `encode` or `decode` is called: heavy packages load there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qrecipe.types.tensor import Shape

    FloatArray = NDArray[np.float32]
    """An array of float32; docstrings give its shape in brackets, outermost first."""

ArgumentKind = Literal["word", "int", "fit"]
"""What an argument's value is: a bare word, an integer, or a fit with arguments of its own."""


@dataclass(frozen=True, slots=True)
class Call:
    """A value with arguments of its own; `str()` gives it as recipes write it.

    Attributes:
        name: What is called.
        args: Names and values, in the order in which they were written.

    >>> str(Call("lattice", (("else", "error"),)))
    'lattice(else=error)'
    """

    name: str
    args: tuple[tuple[str, int | str | Call], ...] = ()

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value}" for name, value in self.args)
        return f"{self.name}({inside})" if inside else self.name


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument that a format or a fit takes.

    Attributes:
        name: As written before the `=`.
        kind: What its value may be.
        default: What holds where it is not written.
        choices: The values that it may have; () where any of the kind will do.
        meaning: One phrase for people.
    """

    name: str
    kind: ArgumentKind
    default: int | str | None = None
    choices: tuple[int | str, ...] = ()
    meaning: str = ""


class Format(Protocol):
    """A quantization type or a plain dtype (`F16`).

    `args` are the arguments as a recipe has them, checked against `arguments`; shapes stand outermost first. What the
    built-in formats write is ggml's (`ggml-quants.c`), byte for byte.
    """

    @property
    def name(self) -> str:
        """As users write and read it: `Q4_K`, `int4`."""

    @property
    def family(self) -> str:
        """Which codecs it belongs to: `ggml`, `integer`, `float8`, or a plug-in's own word."""

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """What may stand in parentheses behind the name."""

    @property
    def block(self) -> int | None:
        """Weights of a row that are encoded together, 1 for plain dtypes; None where the arguments decide."""

    @property
    def bits(self) -> float | None:
        """Bits per weight, scales included; None where the arguments decide."""

    @property
    def gguf_id(self) -> int | None:
        """The type id under which a GGUF file stores it (ggml's `ggml_type`); None if it cannot."""

    @property
    def is_float(self) -> bool:
        """A plain floating-point dtype, converted by rounding alone; takes no fit."""

    @property
    def imatrix(self) -> Literal["unused", "used", "needed", "required"]:
        """How encoding uses an imatrix.

        `unused`: not at all. `used`: where there is one. `needed`: only an explicit `fit=rtn` does without.
        `required`: never without.
        """

    def refuses(self, shape: Shape, args: Args) -> str | None:
        """Say why a tensor of this shape cannot be stored (`576 columns are no multiple of 256`); None if it can."""

    def nbytes(self, shape: Shape, args: Args) -> int:
        """Return the exact bytes of a tensor of this shape, padding not included; asked where `refuses` gives None."""

    def encode(self, rows: FloatArray, args: Args, importance: FloatArray | None) -> bytes:
        """Encode whole rows; rows are independent of each other. Safe to call from several threads at once.

        Args:
            rows: Weights, [n, cols], finite: callers check that.
            args: The arguments as written.
            importance: Weights of the columns, [cols], none below 0; None without an imatrix.

        Returns:
            `nbytes(rows.shape, args)` bytes, the same ones every time.

        Raises:
            BuildError: These values cannot be encoded; whoever calls adds which tensor it was.
            PlanError: Nothing is converted to this type.
            PluginError: What encodes is not installed.
        """

    def decode(self, data: bytes | memoryview, cols: int) -> FloatArray:
        """Decode whole rows.

        Args:
            data: The rows as they are stored; what they were encoded with does not matter.
            cols: Weights of a row.

        Returns:
            Weights, [n, cols].

        Raises:
            PlanError: This type is converted to nothing else.
            PluginError: What decodes is not installed.
        """


Args = tuple[tuple[str, "int | str | Call"], ...]
"""Arguments as written: names and values, spelled as the format spells them."""


@dataclass(frozen=True, slots=True)
class TypeUse:
    """A format with the arguments as written, e.g. `Q4_0(fit=lattice)`; `str()` gives that text.

    Attributes:
        format: The type.
        args: Only what was written; `argument` knows the defaults.
    """

    format: Format
    args: Args = ()

    def __str__(self) -> str:
        return str(Call(self.format.name, self.args))

    def argument(self, name: str) -> int | str | Call | None:
        """Return the written value of an argument, else its default."""
        written = dict(self.args).get(name)
        default = next((argument.default for argument in self.format.arguments if argument.name == name), None)
        return default if written is None else written

    @property
    def fit(self) -> Call:
        """How scale and codes are chosen: `auto` unless written."""
        value = self.argument("fit")
        return value if isinstance(value, Call) else Call(str(value or "auto"))


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """How many blocks come back from an artifact as they were; counts of several pieces add up.

    Attributes:
        blocks: How many a fit has looked at; 0 where it makes no such promise.
        certified: Of these, how many give every weight back bit for bit once it is rounded to BF16.
        near: Of the others, how many give every weight back to one step of BF16.

    >>> BlockCounts(100, 98, 2) + BlockCounts(50, 50)
    BlockCounts(blocks=150, certified=148, near=2)
    """

    blocks: int = 0
    certified: int = 0
    near: int = 0

    def __add__(self, other: BlockCounts) -> BlockCounts:
        return BlockCounts(
            self.blocks + other.blocks,
            self.certified + other.certified,
            self.near + other.near,
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """Rows as a fit has encoded them.

    Attributes:
        data: The bytes.
        counts: What the fit can say about their blocks.
        refused: Where the recipe takes certified blocks only: the first that is not, counted through the rows. The
            build stops then, and `data` is empty.
    """

    data: bytes
    counts: BlockCounts = field(default_factory=BlockCounts)
    refused: int | None = None


class Fit(Protocol):
    """How scale and codes are chosen for a type (`rtn`, `imatrix`, `lattice`, a plug-in's own).

    A fit changes no size and no layout, only which of the type's codes are stored.
    """

    @property
    def name(self) -> str:
        """As written behind `fit=`."""

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """What may stand in parentheses behind the name."""

    @property
    def importance(self) -> Literal["never", "if present", "required"]:
        """Whether the fit is given the imatrix; where it is `required`, a tensor without data is an error."""

    def refuses(self, use: TypeUse) -> str | None:
        """Say why this fit cannot serve this type; None if it can."""

    def encode(self, use: TypeUse, rows: FloatArray, importance: FloatArray | None) -> Fitted:
        """Encode as `Format.encode` does, with this fit's choice of scale and codes.

        Args:
            use: The type, and the arguments with which it stands in the recipe.
            rows: Weights, [n, cols], finite.
            importance: Weights of the columns, [cols]; None without an imatrix.

        Returns:
            `use.format.nbytes(rows.shape, use.args)` bytes, the same ones every time, with what the fit found out.

        Raises:
            BuildError: These values cannot be encoded.
        """
