"""Docstrings taken apart: prose, the sections that google's style names, and the examples at the end.

A section's entries are `name: text`, in `Returns:` the text alone; what goes on is indented further. Examples are
paragraphs that begin with `>>>`.
"""

import re
from dataclasses import dataclass, field
from textwrap import dedent

SECTIONS = ("Attributes", "Args", "Returns", "Raises")
_BEFORE = {"Args": "", "Returns": "Returns: ", "Raises": "Raises "}  # in a member's list
_HEADINGS = {"Attributes": "Attributes", "Args": "Arguments", "Returns": "Returns", "Raises": "Raises"}


@dataclass(frozen=True, slots=True)
class Docstring:
    """`sections` maps a name of `SECTIONS` to its entries, (name, text); `examples` is a fenced block or nothing."""

    prose: str
    sections: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    examples: str = ""

    def markdown(self) -> str:
        """Return all of it but the attributes."""
        return "\n\n".join(part for part in (self.prose, *self._lists(), self.examples) if part)

    def lines(self) -> list[str]:
        """Return the sections of a member, a line an entry, for a list below the member's own line."""
        return [
            f"{_BEFORE[section]}{_entry(*entry)}" for section, entries in self.sections.items() for entry in entries
        ]

    def _lists(self) -> list[str]:
        return [
            f"{_HEADINGS[section]}:\n\n" + "\n".join(f"- {_entry(*entry)}" for entry in entries)
            for section, entries in self.sections.items()
            if section != "Attributes"
        ]


def parse(text: str) -> Docstring:
    """Take a docstring apart; `text` is without the indentation that all its lines share."""
    prose, sections, examples = [], {}, []
    for paragraph in re.split(r"\n{2,}", text.strip()):
        heading, _, rest = paragraph.partition("\n")
        if heading.removesuffix(":") in SECTIONS and heading.endswith(":"):
            name = heading.removesuffix(":")
            sections[name] = [("", " ".join(rest.split()))] if name == "Returns" else _entries(dedent(rest))
        elif paragraph.startswith(">>>"):
            examples.append(paragraph)
        else:
            prose.append(paragraph)
    shown = "\n".join(examples)
    return Docstring("\n\n".join(prose), sections, f"```pycon\n{shown}\n```" if shown else "")


def _entries(text: str) -> list[tuple[str, str]]:
    whole = re.sub(r"\n +", " ", text)
    return [(name.strip(), told.strip()) for name, _, told in (line.partition(":") for line in whole.split("\n"))]


def _entry(name: str, text: str) -> str:
    return f"`{name}`: {text}" if name else text
