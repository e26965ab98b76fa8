"""Where a recipe is worked on: the panes, the totals above them, the explanation beside them.

It owns the session and is the only one that edits: panes send what they want, and show what comes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import ContentSwitcher, Footer, Static

from qrecipe.errors import QrecipeError
from qrecipe.tui.panes.build import Build
from qrecipe.tui.panes.compare import Compare, Differences
from qrecipe.tui.panes.overview import Overview
from qrecipe.tui.panes.recipe import Recipe
from qrecipe.tui.panes.rules import Rules
from qrecipe.tui.panes.tensors import Tensors
from qrecipe.tui.screens.jobs import Jobs
from qrecipe.tui.screens.saving import Saving
from qrecipe.tui.screens.selecting import Selecting
from qrecipe.tui.session import Session
from qrecipe.tui.widgets.explain import Explain
from qrecipe.tui.widgets.layer_grid import LayerGrid
from qrecipe.tui.widgets.line_view import LineView
from qrecipe.tui.widgets.tab_bar import PANES, TabBar
from qrecipe.tui.widgets.tensor_table import TensorTable
from qrecipe.tui.widgets.totals import Totals

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from qrecipe.api.desk import Desk
    from qrecipe.api.desk_edit import Edit

Pane = Overview | Tensors | Rules | Recipe | Compare | Build


class Workbench(Selecting, Jobs, Saving):
    """The screen."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide"), (170, "-vast")]  # noqa: RUF012 - typed by Screen
    DEFAULT_CSS = """
    Workbench #title { height: 1; background: $primary; color: $text; padding: 0 1; }
    Workbench #body { height: 1fr; layout: vertical; }
    Workbench #panes { height: 1fr; width: 1fr; }
    Workbench Explain { height: 7; width: 100%; }
    Workbench.-editing Explain { height: 4; }
    Workbench.-large-explain Explain { height: 50%; }
    Workbench.-wide #body, Workbench.-vast #body { layout: horizontal; }
    Workbench.-wide Explain { width: 40; height: 100%; }
    Workbench.-vast Explain { width: 58; height: 100%; }
    Workbench.-wide.-large-explain Explain, Workbench.-vast.-large-explain Explain { width: 50%; height: 100%; }
    Workbench #outside { height: auto; background: $warning; color: $text; padding: 0 1; display: none; }
    Workbench #outside.-on { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(f"{at}", f"pane('{name}')", name.capitalize(), show=False) for at, name in enumerate(PANES, 1)),
        *(
            Binding(f"f{at}", f"pane('{name}')", name.capitalize(), show=False, priority=True)
            for at, name in enumerate(PANES, 2)
        ),
        Binding("n", "new_rule", "New rule"),
        Binding("space", "mark", "Mark", show=False),
        Binding("escape", "unmark", "Unmark", show=False),
        Binding("t", "target", "Target"),
        Binding("b", "budget", "Budget"),
        Binding("x", "explain", "Explain", show=False),
        Binding("ctrl+s", "save", "Save"),
        Binding("ctrl+z", "undo", "Undo", priority=True),
        Binding("ctrl+y,ctrl+shift+z", "redo", "Redo", priority=True, show=False),
        Binding("ctrl+o", "open", "Open", show=False),
        Binding("ctrl+r", "reload", "Reload", show=False),
        Binding("question_mark,f1", "app.help", "Help"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.session = Session(desk)

    def compose(self) -> ComposeResult:
        """Lay out."""
        session = self.session
        yield Static("", id="title", markup=False)
        yield TabBar()
        yield Totals(session)
        yield Static("", id="outside", markup=False)
        with Container(id="body"):
            with ContentSwitcher(id="panes", initial="overview"):
                yield Overview(session, id="overview")
                yield Tensors(session, id="tensors")
                yield Rules(session, id="rules")
                yield Recipe(session, id="recipe")
                yield Compare(session, id="compare")
                yield Build(session, id="build")
            yield Explain(session)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Show the recipe: its text where it has faults, else the grid."""
        state = self.session.desk.state
        self.show_pane("recipe" if state.stale or state.plan is None else "overview")
        if state.errors:
            self.call_after_refresh(self.query_one(Recipe).go_to_fault)
        self.set_interval(2.0, self.look_outside)
        self.load_names()

    def show(self, *, every: bool = True) -> None:
        """Show the session everywhere; panes that are not seen when they are."""
        session = self.session
        if every and session.row() is None and (rows := session.rows().rows):
            session.tensor = rows[0].name
        self._title()
        bar = self.query_one(TabBar)
        bar.faults = len(session.desk.state.errors)
        self.query_one(Totals).show()
        self.pane().show()
        if every:
            self.query_one(Explain).show()
        self.refresh_bindings()

    def pane(self) -> Pane:
        """Return the pane that is seen."""
        found = self.query_one(f"#{self.query_one(ContentSwitcher).current}")
        assert isinstance(found, Pane)  # noqa: S101 - the switcher holds nothing else
        return found

    def show_pane(self, name: str) -> None:
        """Go to a pane."""
        if not self.hand_over(leave_form=name != "rules"):
            return
        self.query_one(ContentSwitcher).current = name
        self.query_one(TabBar).current = name
        self.show()
        self.pane().take_focus()

    def _title(self) -> None:
        session, desk = self.session, self.session.desk
        names = session.targets()
        mark = "" if desk.saved else "  ● not saved" if desk.path is not None else "  ● no file yet"
        target = f"  target {session.target} ({names.index(session.target) + 1} of {len(names)})" if names else ""
        marks = f"  * {len(session.marks)} marked" if session.marks else ""
        trial = "  reading the model …" if desk.state.reading else ""
        if session.trial is not None:
            trial = "  TRIAL: cannot be resolved" if session.trial.stale else "  TRIAL: enter applies"
        self.query_one("#title", Static).update(f"qrecipe  {desk.name}{mark}{target}{marks}{trial}")

    def hand_over(self, *, leave_form: bool = True) -> bool:
        """Take what was typed and not applied yet: in the text, and in a rule's form.

        False where a rule cannot be applied: the form stays, and says why.
        """
        pending = self.query_one(Recipe).pending()
        if pending is not None:
            self.take_text(pending)
        rules = self.query_one(Rules)
        if not leave_form or not rules.editing:
            return True
        edit = rules.unapplied()
        if edit is not None and not (rules.judged(edit) and self._apply(edit)):
            self.notify("the rule that is typed cannot be applied: mend it, or leave it by esc", severity="warning")
            return False
        rules.close()
        return True

    def action_pane(self, name: str) -> None:
        """Go to a pane."""
        self.show_pane(name)

    def action_target(self) -> None:
        """Look at the next target."""
        self.session.next_target()
        self.show()

    def action_explain(self) -> None:
        """Make the explanation larger, or small again."""
        self.toggle_class("-large-explain")

    @on(TabBar.Picked)
    def _picked(self, message: TabBar.Picked) -> None:
        self.show_pane(message.name)

    @on(Totals.Picked)
    def _target_picked(self, message: Totals.Picked) -> None:
        self.session.chosen_target = message.name
        self.show()

    @on(LineView.Moved)
    def _moved(self, message: LineView.Moved) -> None:
        view = message.view
        if isinstance(view, LayerGrid | TensorTable):
            row = view.row()
            self.session.tensor = row.name if row is not None else self.session.tensor
        elif isinstance(view, Differences):
            found = view.row()
            self.session.tensor = found.tensor if found is not None else self.session.tensor
        else:
            return
        self.query_one(Explain).show()

    @on(LineView.Chosen)
    def _chosen(self, message: LineView.Chosen) -> None:
        if isinstance(message.view, LayerGrid | Differences):
            self.show_pane("tensors")
        elif isinstance(message.view, TensorTable):
            self.show_pane("overview")

    @on(Rules.Tried)
    def _tried(self, message: Rules.Tried) -> None:
        message.stop()
        self.session.trial = message.state
        self.set_class(self.query_one(Rules).editing, "-editing")
        self.show(every=False)

    @on(Rules.Edited)
    def _edited(self, message: Rules.Edited) -> None:
        message.stop()
        if self._apply(message.edit) and message.then is not None:
            self.query_one(Rules).go_to(message.then)

    def _apply(self, edit: Edit) -> bool:
        """Make an edit, and show it; say whether that could be."""
        if self.busy():
            return False
        try:
            self.session.desk.apply(edit)
        except QrecipeError as error:
            self.fault(error)
            return False
        self.session.trial = None
        self.show()
        self.query_one(Rules).rebase()
        return True

    @on(Recipe.Typed)
    def _typed(self, message: Recipe.Typed) -> None:
        message.stop()
        self.take_text(message.text)

    def fault(self, error: QrecipeError) -> None:
        """Say what went wrong, in place."""
        found = error.diagnostics[0]
        words = "\n".join(part for part in (found.why, found.fix) if part)
        self.notify(words or found.what, title=found.what, severity="error", timeout=10, markup=False)

    def action_undo(self) -> None:
        """Go back."""
        self._go(back=True)

    def action_redo(self) -> None:
        """Go forward."""
        self._go(back=False)

    def _go(self, *, back: bool) -> None:
        rules = self.query_one(Rules)
        if rules.editing and rules.unapplied() is not None:
            rules.restore()
            return
        self.hand_over()
        if self.busy():
            return
        desk = self.session.desk
        self.session.trial = None
        if (desk.undo() if back else desk.redo()) is None:
            self.notify("there is nothing to undo" if back else "there is nothing to redo", timeout=2)
            return
        self.show()
