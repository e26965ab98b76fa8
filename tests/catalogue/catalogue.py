"""The catalogue of errors: subjects, and in each the codes with cause and remedy, from `cases/catalogue/errors.yaml`.

It is a table of the tests and of the documentation, not of the package: nothing at run time looks a code up, for a
message says all of it already, with the names and numbers of the case at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import yaml

from tests.catalogue.tables import CASES


@dataclass(frozen=True, slots=True)
class Entry:
    """What a code means, whatever the case."""

    subject: str
    code: str
    cause: str
    remedy: str


@cache
def catalogue() -> tuple[Entry, ...]:
    """Return every entry, in the order of the page."""
    subjects = yaml.safe_load((CASES / "catalogue" / "errors.yaml").read_text(encoding="utf-8"))
    return tuple(Entry(subject, code, **words) for subject, codes in subjects.items() for code, words in codes.items())
