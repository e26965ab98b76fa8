r"""What no recipe needs and tomllib takes too long, or too much memory, for: refused before it sees the text.

tomllib is quadratic in the parts of one key, in time and memory (`a.a.a…` of 100,000 parts takes 40 GB), and takes
hexadecimal numbers of any length, which Python then refuses to print. Two passes of regular expressions over the text,
both linear in it. Nesting of brackets is left to tomllib, which gives up at the end of Python's stack.
"""

from __future__ import annotations

import re

from qrecipe.errors import Diagnostic, Span
from qrecipe.recipe.locate import point

_PARTS = 32
_DIGITS = 130  # two for each of 64 bits, for underscores
_LITERAL = re.compile(  # what looks ahead is not repeated possessively: wrong in Python 3.11.0 to 3.11.4 (gh-106052)
    r'#[^\n]*+|"""[^"\\]*+(?:(?!""")\\?+.[^"\\]*+)*"{0,5}|\'{3}[^\']*+(?:(?!\'{3}).[^\']*+)*\'{0,5}'
    r"""|"(?:[^"\\\n]++|\\.)*+"?|'[^'\n]*+'?""",
    re.DOTALL,
)
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{_PARTS}}}")
_LONG_NUMBER = re.compile(rf"(?<![\w-])0[xob][0-9a-fA-F_]{{{_DIGITS}}}")


def beyond_limits(file: str, text: str) -> Diagnostic | None:
    """Return what is wrong with a text that tomllib should not see; None for any other."""
    bare = _LITERAL.sub(_blanked, text)
    if (found := _LONG_KEY.search(bare)) is not None:
        what = f"a key of more than {_PARTS} parts"
        fix = "write fewer dots, or put a name that holds dots in quotes"
        where = point(file, text, Span(*found.span()))
        return Diagnostic("toml-too-deep", what, where, "no key of a recipe needs that", fix)
    if (found := _LONG_NUMBER.search(bare)) is not None:
        where = point(file, text, Span(found.start(), found.start() + 20))
        return Diagnostic("toml-long-integer", "an integer is too long", where, fix="integers have 64 bits")
    return None


def _blanked(literal: re.Match[str]) -> str:
    """Return as many characters that mean nothing: a part of a key for a string, a line's end for a comment."""
    return ("\n" if literal[0].startswith("#") else "x") * len(literal[0])
