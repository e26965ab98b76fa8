"""A command line as messages show it: one line, with a caret under the word that is at fault."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from qrecipe.errors import Diagnostic, Location, RecipeError, Span

_SHOWN = "llama-quantize"


@dataclass(frozen=True, slots=True)
class Line:
    """The words of a command line, without the tool's name."""

    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The line, quoted as a shell needs it."""
        return shlex.join((_SHOWN, *self.words))

    def where(self, index: int, start: int = 0, end: int | None = None) -> Location:
        """Return the place of a word, or of a piece of it; of the line's end where there is no such word."""
        text = self.text
        if index >= len(self.words):
            return Location(file=_SHOWN, text=text, span=Span(len(text), len(text) + 1))
        word = self.words[index]
        first = len(shlex.join((_SHOWN, *self.words[:index]))) + 1
        quoted = shlex.quote(word)
        if quoted != word and "'" in word:  # quotes within quotes: the whole word
            return Location(file=_SHOWN, text=text, span=Span(first, first + len(quoted)))
        first += quoted != word
        return Location(file=_SHOWN, text=text, span=Span(first + start, first + (len(word) if end is None else end)))


def line_of(words: Sequence[str]) -> Line:
    """Return the line; a single word with blanks is a whole line, and the tool's own name before it is dropped."""
    if len(words) == 1 and any(blank in words[0] for blank in " \t\n"):
        words = _split(words[0])
    if words and words[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe") in (_SHOWN, "quantize"):
        words = words[1:]
    return Line(tuple(words))


def _split(text: str) -> Sequence[str]:
    try:
        return shlex.split(text.replace("\\\n", " "))
    except ValueError as error:
        where = Location(file=_SHOWN, text=text, span=Span(len(text), len(text) + 1))
        fix = "close the quote"
        raise RecipeError(Diagnostic("command-quote", f"{error}".lower(), where, fix=fix)) from None


def refused(code: str, what: str, where: Location | None, *, why: str = "", fix: str) -> RecipeError:
    """Return the error for a fault of the command line."""
    return RecipeError(Diagnostic(code, what, where, why=why, fix=fix))
