"""What is done with a selection: marking tensors, and making a rule for them. A part of the workbench."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, cast

from textual import on, work

from qrecipe.api.desk_rules import rule_for
from qrecipe.tui.dialogs.ask import AskText, Choose
from qrecipe.tui.panes.rules import Rules
from qrecipe.tui.screens.part import Part
from qrecipe.tui.widgets.layer_grid import LayerGrid
from qrecipe.tui.widgets.tensor_table import TensorTable
from qrecipe.tui.words import count, parse_size
from qrecipe.types.quantity import ranges, size

if TYPE_CHECKING:
    pass


class Selecting(Part):
    """The actions."""

    def action_mark(self) -> None:
        """Mark what the cursor is on, or unmark it."""
        focused = self.focused
        if isinstance(focused, TensorTable):
            self.session.toggle(*focused.members())
            self.show()
            focused.action_move(1)
            return
        if isinstance(focused, LayerGrid):
            row = focused.row()
            self.session.toggle(*(() if row is None else (row.name,)))
        self.show()

    def action_unmark(self) -> None:
        """Unmark everything."""
        self.query_one(LayerGrid).forget()
        if self.session.marks:
            self.session.marks = frozenset()
            self.show()

    @on(LayerGrid.Stretched)
    def _stretched(self, message: LayerGrid.Stretched) -> None:
        self.session.marks = frozenset(message.names)
        self.show()

    @work(exclusive=True, group="ask")
    async def action_new_rule(self) -> None:
        """Make a rule for what is selected."""
        session = self.session
        names = session.chosen()
        if not names:
            self.notify("select a tensor first, or mark several with space")
            return
        rows = [session.rows().by_name[name] for name in names]
        roles = list(dict.fromkeys(row.role for row in rows))
        layers = {row.layer for row in rows if row.layer is not None}
        role_words = roles[0] if len(roles) == 1 else count(len(roles), "role")
        what = "this tensor" if len(names) == 1 else count(len(names), "tensor")
        answers = [("tensor", what), ("role", f"{role_words}, all layers")]
        if layers:
            answers.append(("layers", f"{role_words}, layers {ranges(layers)}"[:44]))
        answers = [*answers[1:], answers[0]]
        chosen = await self.app.push_screen_wait(Choose("new rule", "What shall the rule be for?", answers))
        if chosen is None:
            return
        usual = Counter(row.type for row in rows).most_common(1)[0][0]
        kind = cast("Literal['tensor', 'role', 'layers']", chosen)
        edit = rule_for(session.desk, names, kind, usual)
        self.show_pane("rules")
        self.query_one(Rules).begin(edit)

    @work(exclusive=True, group="ask")
    async def action_budget(self) -> None:
        """Ask for a budget."""
        session = self.session
        before = "" if session.budget is None else f"{session.budget:,}"
        hint = "18 GB, 16 GiB, or bytes; empty for none"
        plan = session.state.target(session.target or None)
        if plan is not None:
            hint += f"; {plan.name} has {size(plan.file_bytes or plan.file_bytes_estimate or 0)}"
        answer = await self.app.push_screen_wait(AskText("budget for a file", value=before, hint=hint, refuse=_no_size))
        if answer is not None:
            session.budget = parse_size(answer)
            self.show()


def _no_size(text: str) -> str:
    return "" if not text.strip() or parse_size(text) is not None else "no size: write 18 GB, 16 GiB, or bytes"
