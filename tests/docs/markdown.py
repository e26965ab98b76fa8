"""Fenced blocks of a page, with the HTML comments that stand before them.

A comment right before a block tells the runner something about it: `not run: REASON`, `exit: 1`. A comment at the top
of a page (`given: model.gguf`) tells something about the whole page.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_PIECE = re.compile(
    r"^```(?P<language>[\w-]*)\n(?P<text>.*?)^```$|<!--\s*(?P<comment>.*?)\s*-->", re.DOTALL | re.MULTILINE
)
_NAME = re.compile(r"# ([\w./-]+\.\w+)\n")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `follows` says that nothing but white space is between it and the block before."""

    language: str
    text: str
    line: int
    notes: tuple[str, ...] = ()
    follows: bool = False

    @property
    def file(self) -> str | None:
        """The name in its first line, `# NAME`: the block is that file."""
        found = _NAME.match(self.text)
        return found[1] if found else None

    def note(self, key: str) -> str | None:
        """Return what a comment before the block says behind `key:`."""
        return next((note.partition(":")[2].strip() for note in self.notes if note.startswith(f"{key}:")), None)


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    notes: list[str] = []
    end = 0
    for piece in _PIECE.finditer(text):
        between = text[end : piece.start()]
        notes = notes if not between.strip() else []
        if piece["comment"] is not None:
            notes.append(piece["comment"])
        else:
            line = text.count("\n", 0, piece.start()) + 1
            alone = bool(between.strip()) or bool(notes)
            found.append(Block(piece["language"], piece["text"], line, tuple(notes), bool(found) and not alone))
            notes = []
        end = piece.end()
    return found


def given(page: Path) -> tuple[str, ...]:
    """Return what a page takes for granted: the words of its comment `given: …`."""
    found = re.search(r"<!--\s*given:\s*(.*?)\s*-->", page.read_text(encoding="utf-8"))
    return tuple(found[1].split(", ")) if found else ()
