"""The page with every error: the catalogue of tests/catalogue, each code with what the tool printed in its tests."""

from itertools import groupby
from textwrap import fill

from tests.catalogue.catalogue import Entry, catalogue
from tests.catalogue.told import Example, examples

_WIDTH = 120
ABOUT = """\
# Errors

Every finding that qrecipe can have, by its code, with what has happened, what to do, and how it reads in one case.
[How to read errors](errors-how-to-read.md) takes one apart. The codes are what `qrecipe check --json` and the
`diagnostics` of a [`QrecipeError`](api.md#qrecipeerror) call `code`; they stay the same from release to release. The
names and numbers in a message are those of the case, and its `fix` is often more exact than the remedy here.

An error ends a command with [exit code](cli.md) 1, a warning does not."""


def errors_page() -> str:
    """Return the page."""
    subjects = groupby(catalogue(), key=lambda entry: entry.subject)
    return "\n\n".join([ABOUT, *(_subject(subject, list(entries)) for subject, entries in subjects)]) + "\n"


def _subject(subject: str, entries: list[Entry]) -> str:
    return "\n\n".join([f"## {subject}", *map(_entry, entries)])


def _entry(entry: Entry) -> str:
    found = examples()[entry.code]
    severity = " or ".join(sorted({example.severity for example in found})).capitalize()
    shown = min(found, key=_telling).text
    words = fill(f"**{severity}.** {entry.cause} *Remedy:* {entry.remedy}", _WIDTH, break_on_hyphens=False)
    return f"### {entry.code}\n\n{words}\n\n```text\n{shown}\n```"


def _telling(example: Example) -> tuple[bool, bool, int]:
    """Prefer an example that points at something and says why, and among those the shortest."""
    return ("   | " not in example.text, "\nwhy: " not in example.text, len(example.text))
