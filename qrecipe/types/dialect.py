"""Dialects: another tool's way to write the same rules (a llama-quantize command line, a YAML file)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Dialect(Protocol):
    """Import and export of one tool's rules. None is built in yet; this is the seam for them and third parties."""

    @property
    def name(self) -> str:
        """As written behind `--from` and `--to`: `llama-quantize`."""

    def read(self, words: Sequence[str]) -> str:
        """Return the recipe, TOML text, that means what the other tool's arguments mean.

        Raises:
            RecipeError: No recipe does.
        """
