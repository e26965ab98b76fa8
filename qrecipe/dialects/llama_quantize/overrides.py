r"""`--tensor-type PATTERN=TYPE`, from the command line or a file: a regular expression and the type that it gives.

Cut at the first `=`; the pattern is made lower case, all of it, before it is read (`\D` becomes `\d`): both as there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.codecs.ggml.table import NO_STORAGE, TYPES, type_named
from qrecipe.dialects.llama_quantize.expression import Expression, ExpressionError, expression
from qrecipe.dialects.llama_quantize.faults import refused
from qrecipe.errors import Location, Span
from qrecipe.recipe.syntax import did_you_mean, shown

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 1 << 20
_STORED = ("F32", "F16", "BF16", *(each.name for each in TYPES if each.kind == "block"))
_INTERNAL = {name for name, _ in NO_STORAGE.values()}


@dataclass(frozen=True, slots=True)
class Override:
    """One rule of theirs. `type` is spelled as qrecipe does; `given` is what was written."""

    pattern: Expression
    type: str
    given: str
    where: Location


def tensor_type(word: str, where: Location) -> str:
    """Return the name of a type that a tensor can have, in our spelling; RecipeError points at another word."""
    found = type_named(word)
    if found is not None and found.name in _STORED:
        return found.name
    if word.upper() in _INTERNAL or found is not None:
        what, why = f"no tensor can be quantized to {shown(word)}", "llama-quantize fails later, when it comes to one"
    else:
        what, why = f"ggml has no type {shown(word)}", ""
    fix = did_you_mean(word, _STORED, otherwise="`qrecipe types` lists those that there are")
    raise refused("command-type", what, where, why=why, fix=fix)


def override(word: str, place: Callable[[int, int], Location]) -> Override:
    """Read PATTERN=TYPE; `place` gives the location of a piece of the word."""
    pattern, equals, name = word.partition("=")
    if not (pattern and equals and name):
        what = f"{shown(word)} lacks {'its pattern' if equals and not pattern else 'a type'}"
        why, fix = "it reads PATTERN=TYPE", "write attn_v=q8_0 say"
        raise refused("command-value", what, place(0, len(word)), why=why, fix=fix)
    type_ = tensor_type(name, place(len(pattern) + 1, len(word)))
    try:
        return Override(expression(pattern.lower()), type_, word, place(0, len(pattern)))
    except ExpressionError as fault:
        what, fix = f"the pattern {shown(pattern)} cannot be read: {fault.reason}", fault.fix
        raise refused("command-pattern", what, place(fault.start, fault.end), why=fault.why, fix=fix) from None


def listed(path: Path, where: Location) -> list[Override]:
    """Read a file of such words, separated by blanks and ends of lines."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        what = f"cannot read {path}: {reason}"
        raise refused("command-file-unreadable", what, where, fix="check the path") from None
    if len(raw) > _MOST_BYTES:
        why = "a list of types for every tensor of a large model takes a tenth of that"
        what, fix = f"{path} is larger than 1 MiB", "name a list of types"
        raise refused("command-file-unreadable", what, where, why=why, fix=fix)
    text = raw.decode("utf-8", errors="replace")
    return [override(word, _in_file(path, number, line, at)) for number, line, at, word in _words(text)]


def _words(text: str) -> Iterator[tuple[int, str, int, str]]:
    """Yield line number, line, place in it, word."""
    for number, line in enumerate(text.split("\n"), 1):
        for found in re.finditer(r"[^ \t\n\v\f\r]+", line):
            yield number, line, found.start(), found[0]


def _in_file(path: Path, number: int, line: str, at: int) -> Callable[[int, int], Location]:
    def place(start: int, end: int) -> Location:
        return Location(file=str(path), line=number, column=at + start + 1, text=line, span=Span(at + start, at + end))

    return place
