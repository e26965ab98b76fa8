"""Dialects: another tool's way to write the same rules (a llama-quantize command line, a YAML file)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Dialect(Protocol):
    """Import and export of one tool's rules. Built-in dialects come with the mixtures issue; this is their seam."""

    @property
    def name(self) -> str:
        """As written behind `--from` and `--to`: `llama-quantize`."""

    def read(self, words: Sequence[str]) -> str:
        """Return the recipe (TOML text) that means what the other tool's arguments mean; RecipeError if none does."""
