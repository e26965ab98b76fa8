"""The catalogue's own cases: what provokes each is in the modules that `provocations` lists,
the words in a table.

A provocation is a function without a leading underscore; its name, blanks for underscores, is its row in
`cases/catalogue/messages.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import yaml

from tests.catalogue import (
    architectures,
    artifacts,
    builds,
    conversions,
    desks,
    evaluations,
    files,
    folders,
    imatrices,
    recipes,
    remotes,
    tokenizers,
)
from tests.catalogue.tables import CASES, Row

MESSAGES = CASES / "catalogue" / "messages.yaml"


def rows() -> Iterator[Row]:
    """Yield a row for each provocation; one without words yet expects nothing."""
    words = yaml.safe_load(MESSAGES.read_text(encoding="utf-8")) or {}
    for name, provoke in provocations().items():
        yield Row(name, words.get(name, ""), provoke)


def provocations() -> dict[str, Callable[[], object]]:
    return {
        name.replace("_", " "): made
        for module in (
            recipes,
            files,
            conversions,
            architectures,
            tokenizers,
            builds,
            artifacts,
            remotes,
            evaluations,
            folders,
            desks,
            imatrices,
        )
        for name, made in vars(module).items()
        if getattr(made, "__module__", "") == module.__name__ and name[0] != "_" and not isinstance(made, type)
    }
