"""A finding under the field that it is about: the caret below the letters, then what is wrong and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic


def caret_lines(found: Diagnostic, value: str) -> str:
    """Return the lines that stand under a field with `value` in it, without a caret where the place is elsewhere."""
    words = "; ".join(part for part in (found.what, found.why, found.fix) if part)
    where = found.where
    if where is None or where.text is None or where.span is None:
        return words
    at = where.text.find(value) if value else 0
    start, end = where.span.start - at, where.span.end - at
    if at < 0 or not 0 <= start <= len(value):
        return words
    marks = "~" * max(min(end, len(value) + 1) - start - 1, 0) + "^"
    return f"{' ' * start}{marks}\n{words}"
