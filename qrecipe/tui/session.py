"""What the panes share: the desk, the target that is looked at, the marked tensors, the budget, a comparison.

One object, owned by the workbench. Rows are made once for a state and a target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qrecipe.api.desk import Desk
    from qrecipe.api.desk_compare import Comparison, Other
    from qrecipe.api.desk_view import Row, State


@dataclass(frozen=True, slots=True)
class Rows:
    """The tensors under one target, in canonical order, and by name."""

    state: State
    target: str
    rows: tuple[Row, ...]
    by_name: Mapping[str, Row]

    @classmethod
    def of(cls, state: State, target: str) -> Rows:
        """Make them."""
        rows = state.rows(target) if target else ()
        return cls(state, target, rows, {row.name: row for row in rows})


@dataclass(slots=True)
class Session:
    """A desk and how it is looked at.

    Attributes:
        desk: The recipe that is being edited.
        chosen_target: The target that a person looks at; it stays chosen while a trial lacks it.
        trial: What would be, while a rule is being typed; None otherwise.
        tensor: The selected tensor.
        marks: Tensors that a person marked, for a rule of their own.
        budget: Most bytes that a file may have, if a person said so.
        other: What the recipe is compared with.
    """

    desk: Desk
    chosen_target: str = ""
    trial: State | None = None
    tensor: str | None = None
    marks: frozenset[str] = frozenset()
    budget: int | None = None
    other: Other | None = None
    _rows: Rows | None = field(default=None, repr=False)
    _beside: tuple[object, Comparison] | None = field(default=None, repr=False)

    @property
    def state(self) -> State:
        """What is shown: the trial, or the recipe as it stands."""
        return self.trial or self.desk.state

    def targets(self) -> tuple[str, ...]:
        """Return the names of the targets that could be resolved."""
        plan = self.state.plan
        return () if plan is None else tuple(target.name for target in plan.targets)

    @property
    def target(self) -> str:
        """The name of the target that is shown: the chosen one, else the first; empty where there is none."""
        names = self.targets()
        return self.chosen_target if self.chosen_target in names else next(iter(names), "")

    def rows(self) -> Rows:
        """Return the tensors of what is shown."""
        if self._rows is None or self._rows.state is not self.state or self._rows.target != self.target:
            self._rows = Rows.of(self.state, self.target)
        return self._rows

    def compared(self) -> Comparison | None:
        """Return what is shown beside what it is compared with; None without either."""
        plan = self.state.target(self.target or None)
        if self.other is None or plan is None:
            return None
        if self._beside is None or self._beside[0] != (id(self.other), id(plan)):
            self._beside = (id(self.other), id(plan)), self.other.beside(plan)
        return self._beside[1]

    def next_target(self) -> None:
        """Look at the next target."""
        names = self.targets()
        if names:
            self.chosen_target = names[(names.index(self.target) + 1) % len(names)]

    def row(self) -> Row | None:
        """Return the selected tensor's row."""
        return None if self.tensor is None else self.rows().by_name.get(self.tensor)

    def chosen(self) -> tuple[str, ...]:
        """Return the tensors that a new rule is for: those that are marked, or else the selected one."""
        known = self.rows().by_name
        marked = tuple(name for name in known if name in self.marks)
        return marked or ((self.tensor,) if self.tensor in known and self.tensor else ())

    def toggle(self, *names: str) -> None:
        """Mark tensors; where all of them are marked, unmark them."""
        these = frozenset(names)
        self.marks = self.marks - these if these <= self.marks else self.marks | these
