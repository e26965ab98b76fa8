"""Dialects: another tool's way to write the same rules (a llama-quantize command line, a YAML file)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qrecipe.errors import Diagnostic
    from qrecipe.types.tensor import Inventory


@dataclass(frozen=True, slots=True)
class Imported:
    """What another tool's arguments mean.

    Attributes:
        recipe: TOML text.
        findings: Warnings: what has no meaning here, or not the one that one might think.
    """

    recipe: str
    findings: tuple[Diagnostic, ...] = ()


class DialectModel(Protocol):
    """The model that the other tool's arguments are about, for rules that depend on its tensors."""

    @property
    def inventory(self) -> Inventory:
        """Its tensors, in canonical order."""

    @property
    def stored(self) -> Sequence[str]:
        """Names in the order in which its files have them."""

    def types(self, recipe: str, *, imatrix: bool = False, counted: Sequence[str] | None = None) -> Mapping[str, str]:
        """Resolve a recipe, TOML text with one gguf target, over this model; return the type of each tensor.

        Args:
            recipe: Its source is this model, whatever it says.
            imatrix: Conditions see an imatrix, with data for every tensor.
            counted: The tensors that `index` numbers, in this order; None for all, in canonical order.
        """


class Dialect(Protocol):
    """Import of one tool's rules."""

    @property
    def name(self) -> str:
        """As written behind `--from`: `llama-quantize`."""

    def source(self, words: Sequence[str]) -> str:
        """Return the checkpoint that the other tool's arguments name; RecipeError where they mean nothing."""

    def read(
        self, words: Sequence[str], source: str, model: DialectModel | None, moved: Callable[[str], str]
    ) -> Imported:
        """Return the recipe that means what the other tool's arguments mean.

        Args:
            words: The arguments, with or without the other tool's own name before them.
            source: What the recipe is to name as its checkpoint.
            model: That checkpoint; None where it is not at hand.
            moved: Gives a path of the arguments as it reads in the recipe's folder.

        Raises:
            RecipeError: No recipe does, or none without the model.
        """
