"""The rules as a list, and a form for the one that is being typed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from qrecipe.api.desk_edit import AddRule, DeleteRule, DuplicateRule, Edit, MoveRule, SwitchRule
from qrecipe.api.desk_view import RuleLine
from qrecipe.errors import QrecipeError
from qrecipe.tui.widgets.rule_form import RuleForm
from qrecipe.tui.widgets.rule_list import RuleList

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from qrecipe.api.desk_view import State
    from qrecipe.tui.session import Session

_OF_THE_LIST = ("add", "edit", "delete", "duplicate", "shift", "switch")
_SLOW = 0.1  # seconds: a trial that takes longer waits until nobody has typed for so long


class Rules(Vertical):
    """The pane."""

    DEFAULT_CSS = """
    Rules RuleList { height: 1fr; min-height: 2; }
    Rules RuleForm { display: none; }
    Rules.-editing RuleForm { display: block; }
    Rules #about { height: auto; max-height: 4; background: $panel; padding: 0 1; }
    Rules.-editing #about { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add"),
        Binding("e", "edit", "Edit"),
        Binding("d,delete", "delete", "Delete"),
        Binding("c", "duplicate", "Copy"),
        Binding("shift+up,K", "shift(-1)", "Move up", show=False),
        Binding("shift+down,J", "shift(1)", "Move down", show=False),
        Binding("space", "switch", "On/off"),
        # the workbench's, out of sight: the footer has room for what rules need, and for undo and help
        Binding("n", "screen.new_rule", "New rule", show=False),
        Binding("b", "screen.budget", "Budget", show=False),
    ]

    class Edited(Message):
        """An edit is to be made."""

        def __init__(self, edit: Edit, *, then: int | None = None) -> None:
            super().__init__()
            self.edit, self.then = edit, then

    class Tried(Message):
        """A trial begins, goes on, or ends (`state` None)."""

        def __init__(self, state: State | None) -> None:
            super().__init__()
            self.state = state

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._session = session
        self._pending: Edit | None = None
        self._waiting = False
        self._took = 0.0

    def compose(self) -> ComposeResult:
        """Lay out."""
        yield RuleList(id="rules-list")
        yield Static("", id="about", markup=False)
        yield RuleForm(self._session)

    @property
    def editing(self) -> bool:
        """The form is open."""
        return self.has_class("-editing")

    def show(self) -> None:
        """Show the session's state."""
        rules = self.query_one(RuleList)
        with rules.prevent(RuleList.Moved):
            rules.show(self._rules(), self._session.target)
        self._about()

    def _rules(self) -> tuple[RuleLine, ...]:
        """Return the rules with what they decide; while a trial cannot be resolved, as they stand."""
        state = self._session.state
        return self._session.desk.state.rules if state.stale else state.rules

    def take_focus(self) -> None:
        """Focus the list, or the form."""
        if not self.editing:
            self.screen.set_focus(self.query_one(RuleList))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's call
        """While a rule is typed, keys are for the form alone."""
        return not (self.editing and action in _OF_THE_LIST)

    def go_to(self, place: int) -> None:
        """Put the cursor on a rule."""
        self.query_one(RuleList).cursor = max(0, min(place, len(self._session.state.rules) - 1))

    def begin(self, edit: AddRule) -> None:
        """Type a new rule, which begins as `edit`."""
        rule = RuleLine(
            None, "", None, edit.match, edit.when, edit.type, edit.why, protected=edit.protected, optional=edit.optional
        )
        self.add_class("-editing")
        self.query_one(RuleForm).begin(rule, new_at=edit.at)

    def _about(self) -> None:
        rule = self.query_one(RuleList).rule()
        words = "a adds the first rule"
        if rule is not None:
            place = f"{rule.file}:{rule.line}" if rule.inherited else f"line {rule.line}"
            problem = rule.problem
            found = f"{problem.what}: {problem.why}\n{problem.fix}" if problem is not None else rule.why
            words = f"{place}  {found}".rstrip()
        self.query_one("#about", Static).update(words)

    @on(RuleList.Moved)
    def _moved(self) -> None:
        """Say what the rule is for."""
        self._about()

    @on(RuleList.Chosen)
    def _chosen(self) -> None:
        """Edit the rule."""
        self.action_edit()

    def action_add(self) -> None:
        """Type a new rule above the cursor."""
        rule = self.query_one(RuleList).rule()
        at = rule.index if rule is not None and rule.index is not None else self._own_count()
        self.begin(AddRule(at, "", ""))

    def action_edit(self) -> None:
        """Open the form for the rule; an inherited one is shown where it can be changed."""
        rule = self.query_one(RuleList).rule()
        if rule is None:
            self.action_add()
        elif rule.index is None:
            self.notify("it is inherited: c makes it an own rule, which comes first", title=f"from {rule.file}")
        elif not rule.enabled:
            self.notify("it is switched off: space switches it on")
        else:
            self.add_class("-editing")
            self.query_one(RuleForm).begin(rule)

    def action_delete(self) -> None:
        """Delete the rule; undo brings it back."""
        rule = self._own()
        if rule is not None and rule.index is not None:
            self.post_message(self.Edited(DeleteRule(rule.index)))

    def action_duplicate(self) -> None:
        """Duplicate the rule; of an inherited one, make an own one."""
        rule = self.query_one(RuleList).rule()
        if rule is None:
            return
        if rule.index is not None:
            self.post_message(self.Edited(DuplicateRule(rule.index), then=rule.index + 1))
            return
        own = self._own_count()
        edit = AddRule(own, rule.match, rule.type, rule.when, rule.why, rule.protected, rule.optional)
        self.post_message(self.Edited(edit, then=own))

    def action_shift(self, by: int) -> None:
        """Move the rule; the cursor goes with it."""
        rule = self._own()
        if rule is not None and rule.index is not None:
            then = max(0, min(rule.index + by, self._own_count() - 1))
            self.post_message(self.Edited(MoveRule(rule.index, by), then=then))

    def action_switch(self) -> None:
        """Switch the rule off, or on."""
        rule = self._own()
        if rule is not None and rule.index is not None:
            self.post_message(self.Edited(SwitchRule(rule.index, on=not rule.enabled)))

    def _own_count(self) -> int:
        return sum(rule.index is not None for rule in self._session.state.rules)

    def _own(self) -> RuleLine | None:
        rule = self.query_one(RuleList).rule()
        if rule is not None and rule.index is None:
            self.notify("it is inherited: c makes it an own rule", title=f"from {rule.file}")
            return None
        return rule

    def on_rule_form_trial(self, message: RuleForm.Trial) -> None:
        """Try what was typed, once for everything that was typed meanwhile."""
        message.stop()
        self._pending = message.edit
        if not self._waiting:
            self._waiting = True
            if self._took > _SLOW:
                self.set_timer(self._took, self._try)
            else:
                self.call_later(self._try)

    def _try(self) -> None:
        self._waiting = False
        if not self.editing:
            return
        edit, form = self._pending, self.query_one(RuleForm)
        if edit is None:
            form.judge(None)
            self.post_message(self.Tried(None))
            return
        before = time.monotonic()
        try:
            state = self._session.desk.trial(edit)
        except QrecipeError as error:
            form.judge(None, error.diagnostics[0].what)
            return
        self._took = time.monotonic() - before
        form.judge(state)
        self.post_message(self.Tried(state))

    def on_rule_form_apply(self, message: RuleForm.Apply) -> None:
        """Apply what can be resolved; keep the form open for what cannot."""
        message.stop()
        if message.edit is not None:
            if not self.judged(message.edit):
                return
            then = message.edit.at if isinstance(message.edit, AddRule) else None
            self.post_message(self.Edited(message.edit, then=then))
        if message.close:
            self.close()

    def judged(self, edit: Edit) -> bool:
        """Say whether an edit may be applied; where not, the form says why."""
        form, desk = self.query_one(RuleForm), self._session.desk
        try:
            state = desk.trial(edit)
        except QrecipeError as error:
            form.judge(None, error.diagnostics[0].what)
            return False
        if state.stale and not desk.state.stale:
            form.judge(state)
            return False
        return True

    def unapplied(self) -> Edit | None:
        """Return what was typed into the form and not applied yet."""
        return self.query_one(RuleForm).unapplied()

    def restore(self) -> None:
        """Make the form what it was before it was typed into."""
        self.query_one(RuleForm).restore()
        self.post_message(self.Tried(None))

    def on_rule_form_closed(self, message: RuleForm.Closed) -> None:
        """Leave the form."""
        message.stop()
        self.close()

    def close(self) -> None:
        """Close the form, and end the trial."""
        self._pending = None
        self.query_one(RuleForm).end()
        self.remove_class("-editing")
        self.post_message(self.Tried(None))
        self.screen.set_focus(self.query_one(RuleList))

    def rebase(self) -> None:
        """Tell the form what its rule is after an edit."""
        form, rules = self.query_one(RuleForm), self._session.desk.state.rules
        if self.editing and not form.new and form.index is not None and form.index < len(rules):
            form.rebase(rules[form.index])
