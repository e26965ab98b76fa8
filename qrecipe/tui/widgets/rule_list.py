"""The rules in the order in which they are tried, with what each decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text

from qrecipe.tui.widgets.line_view import LineView
from qrecipe.tui.words import fitted
from qrecipe.types.quantity import size

if TYPE_CHECKING:
    from qrecipe.api.desk_view import RuleLine

_FIXED = 4 + 6 + 7 + 10 + 3
"""Columns of place, switch, hits, size and the gaps between."""


class RuleList(LineView):
    """A line a rule."""

    empty = "no rules yet: a adds one"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.rules: Sequence[RuleLine] = ()
        self.target = ""

    def show(self, rules: Sequence[RuleLine], target: str) -> None:
        """Show other rules; the cursor stays at its place."""
        self.rules, self.target = rules, target
        self.rebuilt()

    def rule(self) -> RuleLine | None:
        """Return the rule under the cursor."""
        return self.rules[self.cursor] if self.cursor < len(self.rules) else None

    def line_count(self) -> int:
        """Return how many there are."""
        return len(self.rules)

    def headings(self) -> list[Text]:
        """Return the names of the columns."""
        match, when, type_ = self._widths()
        parts = (fitted("  #", 3), fitted("on", 3), fitted("match", match), fitted("when", when), fitted("type", type_))
        return [Text(" ".join((*parts, fitted("hits", 6, right=True), fitted("bytes", 9, right=True), "mark")))]

    def line(self, index: int) -> Text:
        """Return a rule."""
        rule = self.rules[index]
        match, when, type_ = self._widths()
        dim = self.style("dim")
        quiet = dim if rule.inherited or not rule.enabled else Style()
        hits, nbytes = rule.hits.get(self.target, 0), rule.nbytes.get(self.target, 0)
        text = Text()
        text.append(fitted(str(index + 1), 3, right=True) + " ", quiet)
        text.append(" ✓  " if rule.enabled else " –  ", quiet)
        text.append(fitted(rule.match, match) + " ", quiet)
        text.append(fitted(rule.when, when) + " ", quiet)
        text.append(fitted(rule.type, type_) + " ", quiet + Style(bold=not (rule.inherited or not rule.enabled)))
        text.append(f"{hits:>6,} {size(nbytes) if hits else '':>9} ", quiet)
        text.append(*self._mark(rule))
        return text

    def _mark(self, rule: RuleLine) -> tuple[str, Style]:
        if not rule.enabled:
            return "off", self.style("dim")
        if rule.problem is not None:
            bad = rule.problem.severity == "error"
            return f"{'✗' if bad else '⚠'} {_word(rule.problem.code)}", self.style("bad" if bad else "warn")
        if rule.inherited:
            return f"↑ {_short(rule.file)}", self.style("dim")
        return ("protected too" if rule.protected else "optional" if rule.optional else ""), self.style("dim")

    def _widths(self) -> tuple[int, int, int]:
        """Return the columns of match, when and type."""
        room = max(self.scrollable_content_region.width - _FIXED - 14, 30)
        when = min(max((len(rule.when) for rule in self.rules), default=0), room * 3 // 10)
        when = max(when, 4)
        type_ = min(max((len(rule.type) for rule in self.rules), default=0), room * 4 // 10)
        type_ = max(type_, 6)
        return max(room - when - type_, 10), when, type_


_MARKS = dict.fromkeys(("rule-matches-nothing", "rule-never-true", "rule-protected-only"), "unused")


def _word(code: str) -> str:
    return _MARKS.get(code, code.removeprefix("rule-"))[:12]


def _short(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2].removesuffix(".toml").removeprefix("lib:")
