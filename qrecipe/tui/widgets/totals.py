"""What each target weighs, to the byte: against the source, against a budget, and against the recipe before a trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.message import Message
from textual.widget import Widget

from qrecipe.tui.words import signed
from qrecipe.types.quantity import size

if TYPE_CHECKING:
    from textual.events import Click

    from qrecipe.planner.plan import Plan, TargetPlan
    from qrecipe.tui.session import Session

_MOST = 3  # lines: more targets than that scroll by with `t`
_SPARE = (3, 2)  # parts of a line that make room for others: the share of the source, then bits per weight
_BUDGET = 5  # the part that is rounded where there is no room for its digits


class Totals(Widget):
    """A line a target."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"totals--good", "totals--bad", "totals--dim", "totals--trial"}
    DEFAULT_CSS = """
    Totals { height: auto; max-height: 3; background: $panel; padding: 0 1; }
    Totals > .totals--good { color: $text-success; }
    Totals > .totals--bad { color: $text-error; text-style: bold; }
    Totals > .totals--dim { text-style: dim; }
    Totals > .totals--trial { color: $text-warning; text-style: bold; }
    """

    class Picked(Message):
        """A target was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._session = session

    def show(self) -> None:
        """Show the session's state."""
        self.refresh(layout=True)

    def render(self) -> Text:
        """Return the lines."""
        session = self._session
        plan = session.state.plan
        if plan is None or not plan.targets:
            return Text("no sizes yet: the recipe cannot be resolved", self._style("bad"))
        width = max(len(target.name) for target in plan.targets)
        lines = [self._line(plan, target, width) for target in self._shown(plan)]
        return Text("\n").join(lines)

    def _shown(self, plan: Plan) -> list[TargetPlan]:
        names = [target.name for target in plan.targets]
        at = names.index(self._session.target) if self._session.target in names else 0
        first = max(0, min(at - 1, len(names) - _MOST))
        return list(plan.targets[first : first + _MOST])

    def _line(self, plan: Plan, target: TargetPlan, width: int) -> Text:
        here = target.name == self._session.target
        share = f"  {target.tensor_bytes / plan.source_bytes:.1%} of source" if plan.source_bytes else ""
        parts = [
            Text(f"{'▶' if here else ' '} {target.name.ljust(width)}  ", "bold" if here else ""),
            self._bytes(target),
            Text(f"  {target.bits_per_weight:.2f} b/w"),
            Text(share, self._style("dim")),
            self._change(target),
            self._budget(target),
            Text("  (before the error)" if self._session.state.stale else "", self._style("bad")),
        ]
        room = max(self.content_size.width, 20)
        for spare in _SPARE:
            if sum(part.cell_len for part in parts) > room:
                parts[spare] = Text("")
        if sum(part.cell_len for part in parts) > room:
            parts[_BUDGET] = self._budget(target, exact=False)
        text = Text.assemble(*parts, no_wrap=True)
        text.truncate(room, overflow="ellipsis")
        return text

    @staticmethod
    def _bytes(target: TargetPlan) -> Text:
        exact = target.file_bytes
        if exact is not None:
            return Text(f"{exact:,} bytes", "bold")
        return Text(f"{target.tensor_bytes:,} bytes + header", "bold")

    def _change(self, target: TargetPlan) -> Text:
        """Return what a trial adds to the recipe as it stands."""
        if self._session.trial is None or self._session.trial.stale:
            return Text("")
        before = self._session.desk.state.target(target.name)
        by = target.tensor_bytes - (before.tensor_bytes if before is not None else 0)
        return Text(f"  {signed(by)}", self._style("trial"))

    def _budget(self, target: TargetPlan, *, exact: bool = True) -> Text:
        if self._session.budget is None:
            return Text("")
        weighs = target.file_bytes if target.file_bytes is not None else target.file_bytes_estimate or 0
        left = self._session.budget - weighs
        by = f"{abs(left):,}" if exact else size(abs(left))
        if left < 0:
            return Text(f"  OVER {size(self._session.budget)} by {by}", self._style("bad"))
        return Text(f"  {by} under {size(self._session.budget)}", self._style("good"))

    def _style(self, name: str) -> Style:
        found = self.get_component_rich_style(f"totals--{name}", partial=True)
        return Style(dim=True) if name == "dim" else Style(color=found.color, bold=found.bold)

    def on_click(self, event: Click) -> None:
        """Look at the target under the mouse."""
        plan = self._session.state.plan
        if plan is not None and 0 <= event.y < len(shown := self._shown(plan)):
            self.post_message(self.Picked(shown[event.y].name))
