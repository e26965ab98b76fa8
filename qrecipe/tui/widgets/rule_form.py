"""The fields of one rule. Each keystroke is tried at once; faults stand under their field, with a caret.

A field of a rule that exists is applied when it is left with Enter, Tab or the arrows, as one edit of its own; a new
rule is applied as a whole, by Enter. Esc leaves things as they were. What cannot be resolved is never applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, get_args

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Checkbox, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from qrecipe.api.desk_edit import AddRule, Edit, SetField
from qrecipe.api.desk_rules import Completion, Field, completions
from qrecipe.tui.widgets.caret import caret_lines
from qrecipe.tui.widgets.tick import Tick

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from qrecipe.api.desk_view import RuleLine, State
    from qrecipe.tui.session import Session

_FIELDS = ("match", "when", "type", "why")
_MOST = 40  # completions


class RuleForm(Vertical):
    """The form; `begin` fills it."""

    DEFAULT_CSS = """
    RuleForm { height: auto; background: $surface; border: round $primary; padding: 0 1; }
    RuleForm .row { height: 1; }
    RuleForm .row Label { width: 7; color: $text-muted; }
    RuleForm Input { width: 1fr; }
    RuleForm .fault { height: auto; max-height: 3; padding-left: 7; color: $text-error; display: none; }
    RuleForm .fault.-warn { color: $text-warning; }
    RuleForm Checkbox { margin-left: 7; }
    RuleForm OptionList { height: auto; max-height: 4; margin-left: 7; display: none; background: $panel; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Leave as it was", priority=True),
        Binding("down", "next(1)", "Next", show=False, priority=True),
        Binding("up", "next(-1)", "Previous", show=False, priority=True),
        Binding("tab", "take", "Take the completion", show=False, priority=True),
        Binding("ctrl+space,ctrl+@", "complete", "Completions"),
    ]

    class Trial(Message):
        """Something was typed; `edit` is what it would be, None where nothing is changed."""

        def __init__(self, edit: Edit | None) -> None:
            super().__init__()
            self.edit = edit

    class Apply(Message):
        """An edit is to be made; `close`: and the form left."""

        def __init__(self, edit: Edit | None, *, close: bool) -> None:
            super().__init__()
            self.edit, self.close = edit, close

    class Closed(Message):
        """The form is left without an edit."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._session = session
        self._rule: RuleLine | None = None
        self._at = 0
        self._began: Edit | None = None
        self._offers: tuple[Completion, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out."""
        for name in _FIELDS:
            with Horizontal(classes="row"):
                yield Label(name)
                yield Input(id=f"field-{name}", compact=True, select_on_focus=False)
            yield Static("", id=f"fault-{name}", classes="fault", markup=False)
        yield Tick("protected tensors too", id="protected", compact=True)
        yield OptionList(id="offers", compact=True)

    def begin(self, rule: RuleLine, *, new_at: int | None = None) -> None:
        """Show a rule that exists, or with `new_at` one that shall stand there."""
        self._rule = rule
        self._at = -1 if new_at is None else new_at
        self.border_title = f"rule {(rule.index or 0) + 1}" if new_at is None else f"new rule {new_at + 1}"
        self.border_subtitle = "enter applies · esc leaves · tab completes"
        with self.prevent(Input.Changed, Checkbox.Changed):
            for name in _FIELDS:
                field = self._field(name)
                field.value = str(getattr(rule, name))
                field.cursor_position = len(field.value)
            self.query_one(Checkbox).value = rule.protected
        self._began = self.edit() if self.new else None
        self._clear()
        # set at once, as everywhere in the form: `focus()` waits its turn, behind keys that came in the same batch
        self.screen.set_focus(self._field("type" if new_at is not None and rule.match else "match"))
        if self.new:
            self.post_message(self.Trial(self.edit()))

    def end(self) -> None:
        """Take nothing more: the form is closed, and its field loses the focus only then."""
        self._rule = None

    @property
    def new(self) -> bool:
        """The rule does not exist yet."""
        return self._at >= 0

    @property
    def index(self) -> int | None:
        """The rule's place among the own ones; None for a new one."""
        return None if self._rule is None else self._rule.index

    def edit(self) -> Edit | None:
        """Return the edit that the focused field, or the whole new rule, stands for; None where nothing is changed."""
        if self._rule is None:
            return None
        if self.new:
            values = {name: self._field(name).value.strip() for name in _FIELDS}
            protected, optional = self.query_one(Checkbox).value, self._rule.optional
            return AddRule(self._at, protected=protected, optional=optional, **values)
        name = self._focused()
        return None if name is None else self._change(name)

    def _change(self, name: str) -> SetField | None:
        """Return what a field of a rule that exists stands for; None where it is what it was."""
        value = self._field(name).value.strip()
        if self._rule is None or self._rule.index is None or value == getattr(self._rule, name):
            return None
        return SetField(self._rule.index, name, value or (None if name in ("when", "why") else ""))

    def unapplied(self) -> Edit | None:
        """Return what was typed and not applied; None where nothing was."""
        edit = self.edit()
        return None if edit == self._began else edit

    def restore(self) -> None:
        """Make every field what it was when the form was filled."""
        with self.prevent(Input.Changed):
            for name in _FIELDS:
                self._field(name).value = str(getattr(self._rule, name))
        self._clear()

    def judge(self, trial: State | None, fault: str = "") -> None:
        """Show what is wrong with what was typed, under the field that it is about."""
        name = self._focused() or "match"
        self._clear_faults()
        if fault:
            self._fault(name, fault)
        if trial is None:
            return
        known = {(found.code, found.what) for found in self._session.desk.state.errors}
        for found in trial.errors:
            path = found.where.key_path if found.where is not None else ""
            about = path.rpartition(".")[2]
            place = about if about in _FIELDS else name
            if trial.stale or (found.code, found.what) not in known:
                self._fault(place, caret_lines(found, self._field(place).value), warn=not trial.stale)
                return

    def rebase(self, rule: RuleLine) -> None:
        """Take what the rule is now as what it was."""
        self._rule = rule

    def _field(self, name: str) -> Input:
        return self.query_one(f"#field-{name}", Input)

    def _focused(self) -> str | None:
        return next((name for name in _FIELDS if self._field(name) is self.screen.focused), None)

    def _fault(self, name: str, words: str, *, warn: bool = False) -> None:
        shown = self.query_one(f"#fault-{name}", Static)
        shown.update(words)
        shown.set_class(warn, "-warn")
        shown.display = True

    def _clear_faults(self) -> None:
        for shown in self.query(".fault"):
            shown.display = False

    def _clear(self) -> None:
        self._clear_faults()
        self._hide()

    def _hide(self) -> None:
        self._offers = ()
        self.query_one(OptionList).display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Try it, and offer completions."""
        event.stop()
        self.post_message(self.Trial(self.edit()))
        self._offer(event.input, all_of_them=False)

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        """Try a new rule; change one that exists."""
        event.stop()
        if self.new:
            self.post_message(self.Trial(self.edit()))
        elif self._rule is not None and self._rule.index is not None:
            edit = SetField(self._rule.index, "protected", True if event.value else None)
            self.post_message(self.Apply(edit, close=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Apply, and leave."""
        event.stop()
        self._hide()
        self.post_message(self.Apply(self.edit(), close=True))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Apply a field that is left."""
        if isinstance(event.widget, Input) and event.widget.id and not self.new:
            change = self._change(event.widget.id.removeprefix("field-"))
            if change is not None:
                self.post_message(self.Apply(change, close=False))

    def _offer(self, field: Input, *, all_of_them: bool) -> None:
        name = (field.id or "").removeprefix("field-")
        if name not in get_args(Field):
            self._hide()
            return
        found = completions(self._session.desk, name, field.value, field.cursor_position)  # type: ignore[arg-type]
        typed = found and found[0].start < field.cursor_position
        self._offers = found[:_MOST] if typed or all_of_them else ()
        offers = self.query_one(OptionList)
        offers.set_options([Option(f"{each.text}  {each.meaning}".replace("[", r"\[")) for each in self._offers])
        offers.display = bool(self._offers)
        if self._offers:
            offers.highlighted = 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take a completion that was clicked."""
        event.stop()
        self._insert(event.option_index)

    def _insert(self, place: int) -> None:
        name = self._last_field
        offer, field = self._offers[place], self._field(name)
        behind = field.value[field.cursor_position :]
        field.value = field.value[: offer.start] + offer.text + behind
        field.cursor_position = offer.start + len(offer.text)
        self.screen.set_focus(field)
        self.call_after_refresh(self._hide)

    @property
    def _last_field(self) -> str:
        return self._focused() or self._memory

    _memory = "match"

    def on_descendant_focus(self) -> None:
        """Remember the field, for a click into the completions."""
        self._memory = self._focused() or self._memory

    def action_take(self) -> None:
        """Take the highlighted completion; without any, go to the next field."""
        offers = self.query_one(OptionList)
        if self._offers and offers.highlighted is not None:
            self._insert(offers.highlighted)
        else:
            self.action_next(1)

    def action_complete(self) -> None:
        """Offer everything."""
        name = self._focused()
        if name is not None:
            self._offer(self._field(name), all_of_them=True)

    def action_next(self, by: int) -> None:
        """Move in the completions, or to another field."""
        offers = self.query_one(OptionList)
        if self._offers:
            offers.highlighted = ((offers.highlighted or 0) + by) % len(self._offers)
            return
        stops = [*map(self._field, _FIELDS), self.query_one(Checkbox)]
        here = next((place for place, each in enumerate(stops) if each is self.screen.focused), 0)
        self.screen.set_focus(stops[(here + by) % len(stops)])

    def action_cancel(self) -> None:
        """Leave the completions; else leave the form, the field as it was."""
        if self._offers:
            self._hide()
            return
        if self._rule is not None and not self.new:
            self.restore()
        self.post_message(self.Closed())
