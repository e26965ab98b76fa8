"""Decisions: which type a tensor gets, and every reason on the way. Frozen values; a plan is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from qrecipe.types.format import TypeUse
    from qrecipe.types.tensor import TensorInfo

PassedOverCode = Literal["backend", "shape"]
"""Why an entry of a chain did not fit: the backend does not store it, or the tensor's shape does not allow it."""


@dataclass(frozen=True, slots=True)
class RuleRef:
    """Which rule decided.

    Attributes:
        file: As users name it.
        index: The rule's place in that file, from 0.
        line: Where it begins, from 1; None if unknown.

    >>> str(RuleRef("recipe.toml", 2, line=14))
    'recipe.toml:14, rules[2]'
    """

    file: str
    index: int
    line: int | None = None

    def __str__(self) -> str:
        line = f":{self.line}" if self.line is not None else ""
        return f"{self.file}{line}, rules[{self.index}]"


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A chain's entry that did not fit. Only `shape` is a fallback; `backend` is how chains serve several families.

    Attributes:
        type: The entry as written.
        code: What it did not fit.
        why: In words, with numbers.
    """

    type: str
    code: PassedOverCode
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome for one tensor in one target.

    Attributes:
        tensor: What is decided about.
        type: What is stored; for a kept tensor its dtype, as a format.
        keep: Nothing is quantized: the chain said so, or the tensor is protected.
        rule: Which rule decided; None where the tensor is protected.
        protected: Why the tensor is protected; None where it is not, or a rule reached it all the same.
        passed_over: Entries of the chain before the chosen one, in order.
        open: The other alternatives of an `any(…)` that fit.
    """

    tensor: TensorInfo
    type: TypeUse
    keep: bool = False
    rule: RuleRef | None = None
    protected: str | None = None
    passed_over: tuple[PassedOver, ...] = ()
    open: tuple[str, ...] = ()

    @property
    def fell_back(self) -> bool:
        """An entry before the chosen one was passed over because of the tensor's shape."""
        return any(entry.code == "shape" for entry in self.passed_over)

    @property
    def copied(self) -> bool:
        """The source's bytes are taken as they are: same type, no arguments that would encode anew."""
        return self.type.format.name == self.tensor.dtype and not self.type.args

    @property
    def requantized(self) -> bool:
        """The source has the tensor quantized already, and it is decoded and encoded anew."""
        return not self.copied and self.tensor.dtype not in ("F32", "F16", "BF16", "F64")
