"""A recipe on a desk: its text, what that means at this moment, every edit with undo and redo, saving.

What interfaces that edit recipes stand on. A desk keeps the model open, so that a changed text is resolved in
milliseconds; opening a model may take long (a remote checkpoint), and happens when the recipe's source changes.
Faults of the recipe and of its model are part of the state, not raised. A desk is not safe for several threads at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.desk_view import State, rule_lines
from qrecipe.api.outcome import Opened, imatrix_of, materials_of, model_with, outcome_of
from qrecipe.api.staging import rewrite
from qrecipe.errors import BuildError, Diagnostic, Location, QrecipeError
from qrecipe.host.catalog import make_catalog
from qrecipe.planner import explain as explaining
from qrecipe.recipe.edit import Edit, edited
from qrecipe.recipe.load import load_recipe_text

if TYPE_CHECKING:
    from qrecipe.api.building import BuildResult
    from qrecipe.api.desk_view import RuleLine
    from qrecipe.host.catalog import Catalog
    from qrecipe.recipe.recipe import Recipe
    from qrecipe.types.event import Event

_MOST_KEPT = 2000  # texts to go back to


@dataclass(slots=True)
class Desk:
    """A recipe that is being edited. `open_desk` makes one.

    Attributes:
        name: For people.
        folder: What the recipe's relative paths are relative to.
        path: Its file; None where it has none yet.
        source: A checkpoint instead of the recipe's own.
        state: What the text means.
    """

    name: str
    folder: Path
    path: Path | None
    source: str | None
    state: State
    catalog: Catalog = field(repr=False)
    _on_disk: str | None = field(default=None, repr=False)
    _back: list[str] = field(default_factory=list, repr=False)
    _forward: list[str] = field(default_factory=list, repr=False)
    _opened: dict[object, Opened | QrecipeError] = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        """The recipe."""
        return self.state.text

    @property
    def saved(self) -> bool:
        """The file has this text."""
        return self.text == self._on_disk

    @property
    def can_undo(self) -> bool:
        """There is a text to go back to."""
        return bool(self._back)

    @property
    def can_redo(self) -> bool:
        """There is a text to go forward to."""
        return bool(self._forward)

    def edit(self, text: str) -> State:
        """Take another text."""
        if text != self.text:
            self._remember()
            self.state = self._resolved(text)
        return self.state

    def apply(self, edit: Edit) -> State:
        """Make an edit; RecipeError if it cannot be made to this text."""
        return self.edit(edited(self.text, edit))

    def trial(self, edit: Edit) -> State:
        """Return what would be after an edit, and change nothing; RecipeError likewise."""
        return self._resolved(edited(self.text, edit))

    def take(self, text: str) -> State:
        """Take another text, and do not resolve it yet: its model may be far away."""
        if text != self.text:
            self._remember()
        self.state = replace(self.state, text=text, errors=(), warnings=(), stale=True, reading=True)
        return self.state

    def resolve(self) -> State:
        """Resolve the text that was taken, which may last. The state stays as it is if another is taken meanwhile."""
        text = self.text
        found = self._resolved(text)
        if self.text == text:
            self.state = found
        return found

    def is_open(self, text: str) -> bool:
        """Say whether a text can be resolved at once: its model is open, or it does not come so far."""
        try:
            return _model_of(load_recipe_text(text, self.folder, file=self._shown)) in self._opened
        except QrecipeError:
            return True

    def undo(self) -> State | None:
        """Go back to the text before the last edit; None where there is none."""
        return self._go(self._back, self._forward)

    def redo(self) -> State | None:
        """Take back the last `undo`; None where there is none."""
        return self._go(self._forward, self._back)

    def refresh(self) -> State:
        """Open the model again, and resolve."""
        self.forget_models()
        self.state = self._resolved(self.text)
        return self.state

    def forget_models(self) -> None:
        """Open models anew from now on: one that was missing may be there."""
        self._opened.clear()

    def changed_outside(self) -> bool:
        """Say whether the file is not as it was when it was opened or saved; a file that is gone has changed."""
        return self.path is not None and self._on_disk is not None and _read(self.path) != self._on_disk

    def reload(self) -> str:
        """Return the file's text, which counts as saved from now on; QrecipeError where there is none to read."""
        assert self.path is not None  # noqa: S101 - interfaces ask after `changed_outside`
        found = _read(self.path)
        if found is None:
            raise BuildError(_vanished(self.path))
        self._on_disk = found
        return found

    def save(self, path: str | Path | None = None, *, force: bool = False) -> Path:
        """Write the text, whole or not at all, and return where.

        Args:
            path: Another file from now on; the recipe's own by default.
            force: Replace a file that exists, or that somebody else has changed.

        Raises:
            QrecipeError: The file exists, was changed by somebody else, or cannot be written.
        """
        chosen = self.path if path is None else Path(path)
        if chosen is None:
            raise BuildError(_no_name())
        moved = self.path is None or chosen.absolute() != self.path.absolute()
        if not force and moved and os.path.lexists(chosen):
            raise BuildError(_exists(chosen))
        if not force and not moved and self.changed_outside():
            raise BuildError(_changed(chosen) if chosen.exists() else _vanished(chosen))
        try:
            rewrite(chosen, self.text.encode())
        except OSError as error:
            raise BuildError(_unwritable(chosen, error)) from None
        self.path, self._on_disk, self.name = chosen, self.text, chosen.name
        if chosen.parent.absolute() != self.folder.absolute():
            self.folder = chosen.parent
            self.refresh()
        return chosen

    def explain(self, tensor: str, target: str | None = None) -> str:
        """Return in words why a tensor has its type; empty where nothing is known of it."""
        plan, outcome = self.state.target(target), self.state.outcome
        if plan is None or outcome is None:
            return ""
        decision = next((each for each in plan.decisions if each.tensor.name == tensor), None)
        if decision is None:
            return ""
        return str(explaining.explain(outcome.resolutions[plan.name], decision, plan.nbytes(decision)))

    def build(
        self,
        output: str | Path,
        *,
        targets: Sequence[str] = (),
        force: bool = False,
        on_event: Callable[[Event], None] | None = None,
    ) -> BuildResult:
        """Build what the text says, saved or not; `qrecipe.build` says what is raised.

        An `on_event` that raises KeyboardInterrupt cancels: nothing is left under a final name.
        """
        from qrecipe.api.building import build  # noqa: PLC0415 - editing builds nothing

        if self.state.reading:
            self.resolve()
        if self.state.errors:
            raise BuildError(*self.state.errors)
        plan = self.state.plan
        assert plan is not None  # noqa: S101 - there is one where there are no errors
        if plan.stand_in is not None:
            raise BuildError(_no_weights(self.name, plan.stand_in))
        return build(plan, output=output, targets=targets, force=force, on_event=on_event)

    def _remember(self) -> None:
        self._back.append(self.text)
        del self._back[:-_MOST_KEPT]
        self._forward.clear()

    def _go(self, there: list[str], here: list[str]) -> State | None:
        if not there:
            return None
        here.append(self.text)
        self.state = self._resolved(there.pop())
        return self.state

    def _resolved(self, text: str) -> State:
        """Return what a text means; where it means nothing, what the last good one meant, marked stale."""
        try:
            loaded = load_recipe_text(text, self.folder, file=self._shown)
            outcome = outcome_of(loaded, self._open(loaded), self.catalog, lock=True)
        except QrecipeError as error:
            return self._stale(text, error.diagnostics, (), self.state.rules)
        errors, warnings, lines = outcome.errors, outcome.plan.warnings, rule_lines(text, outcome)
        if errors and not outcome.plan.targets:
            return self._stale(text, errors, warnings, lines)
        return State(text, errors, warnings, plan=outcome.plan, rules=lines, deciding=lines, outcome=outcome)

    def _stale(
        self,
        text: str,
        errors: tuple[Diagnostic, ...],
        warnings: tuple[Diagnostic, ...],
        rules: tuple[RuleLine, ...],
    ) -> State:
        """Return what is known of a text that cannot be resolved: for the rest, the last one that could."""
        last = self.state
        return State(
            text,
            errors,
            warnings,
            stale=True,
            plan=last.plan,
            rules=rules,
            deciding=last.deciding,
            outcome=last.outcome,
        )

    @property
    def _shown(self) -> str:
        """Return the file as a person knows it: relative to where they are, if it is below."""
        if self.path is None:
            return self.name
        here = Path.cwd()
        return str(self.path.relative_to(here) if self.path.is_relative_to(here) else self.path)

    def _open(self, loaded: Recipe) -> Opened:
        """Open the recipe's model, or return the one that is open; what went wrong once is told again."""
        key = _model_of(loaded)
        found = self._opened.get(key)
        if found is None:
            try:
                materials = materials_of(loaded, self.source, self.catalog)
                imatrix, data = imatrix_of(loaded, materials.inventory)
                found = Opened(materials, imatrix, data, model_with(materials.inventory, imatrix))
            except QrecipeError as error:
                found = error
            self._opened[key] = found
        if isinstance(found, QrecipeError):
            raise found
        return found


def _model_of(loaded: Recipe) -> object:
    """Return what says which model a recipe is for."""
    return (
        loaded.source, loaded.source_folder, loaded.inventory, loaded.inventory_folder, loaded.imatrix,
        loaded.imatrix_folder,
    )  # fmt: skip


def open_desk(reference: str | Path, *, source: str | None = None) -> Desk:
    """Put a recipe on a desk: a file, a shipped recipe, or the one that a checkpoint begins with.

    A recipe with faults opens all the same, its state saying what they are.

    Args:
        reference: A recipe's path, a shipped recipe's name, or a checkpoint.
        source: A checkpoint instead of the recipe's own.

    Raises:
        QrecipeError: There is no such thing, or it cannot be read.
    """
    from qrecipe.api.desk_opening import opened  # noqa: PLC0415 - it knows every way to begin

    name, folder, path, text = opened(str(reference))
    desk = Desk(name, folder, path, source, State(""), make_catalog())
    desk.state = desk._resolved(text)  # noqa: SLF001 - its maker
    desk._on_disk = text if path is not None else None  # noqa: SLF001 - likewise
    return desk


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def _no_name() -> Diagnostic:
    return Diagnostic(
        "desk-no-name",
        "the recipe has no file yet",
        why="it was made from a shipped recipe or a checkpoint",
        fix="give a name to save it under",
    )


def _exists(path: Path) -> Diagnostic:
    return Diagnostic(
        "recipe-exists",
        f"{path} exists",
        why="a recipe takes no other file's place unasked",
        fix="choose another name, or say that it may be replaced",
    )


def _changed(path: Path) -> Diagnostic:
    return Diagnostic(
        "recipe-changed",
        f"{path} was changed by another program since it was opened",
        Location(file=str(path)),
        why="saving would undo that change",
        fix="reload it, save under another name, or say that it may be replaced",
    )


def _vanished(path: Path) -> Diagnostic:
    return Diagnostic(
        "recipe-vanished",
        f"{path} is gone, or cannot be read any more",
        Location(file=str(path)),
        why="it was there when it was opened",
        fix="save under another name, or say that it is to be written anew",
    )


def _unwritable(path: Path, error: OSError) -> Diagnostic:
    return Diagnostic(
        "recipe-unwritable",
        f"{path} cannot be written",
        Location(file=str(path)),
        why=(error.strerror or str(error)).lower(),
        fix="see that its folder is there and that both may be written, or save under another name",
    )


def _no_weights(name: str, inventory: str) -> Diagnostic:
    return Diagnostic(
        "desk-no-weights",
        f"{name} is resolved for an inventory: there are no weights to build from",
        why=f"{inventory} has names and shapes only",
        fix='write source = "CHECKPOINT" into the recipe, or open it by `qrecipe tui RECIPE --source CHECKPOINT`',
    )
