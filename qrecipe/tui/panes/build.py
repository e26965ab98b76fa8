"""The build: where to, what, how far it is, what came of it. The work is done by a thread; this only shows it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, Label, ProgressBar, RichLog, Static

from qrecipe.tui.progress import Progress
from qrecipe.tui.widgets.line_view import LineView
from qrecipe.tui.widgets.tick import Tick
from qrecipe.tui.words import count
from qrecipe.types.quantity import size

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from qrecipe.api.building import BuildResult
    from qrecipe.tui.session import Session
    from qrecipe.types.event import Event


_HERE = {"--force": "tick “replace what exists”", "--output": "choose another folder above"}
"""What stands here for options of the command line, of which the fixes of errors speak."""


class TensorProgress(LineView):
    """Every tensor that is begun, the last one first."""

    empty = "no tensor is written yet"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.lines_: list[str] = []

    def line_count(self) -> int:
        """Return how many are begun."""
        return len(self.lines_)

    def line(self, index: int) -> Text:
        """Return one."""
        return Text(self.lines_[index])


class Build(Vertical):
    """The pane."""

    DEFAULT_CSS = """
    Build { padding: 0 1; }
    Build .row { height: 1; }
    Build .row Label { width: 9; color: $text-muted; }
    Build .row Input { width: 1fr; }
    Build .row Button { margin-left: 1; min-width: 10; }
    Build #targets { height: auto; }
    Build #targets Tick { margin-right: 2; }
    Build ProgressBar { display: none; width: 100%; height: 1; margin-top: 1; }
    Build ProgressBar Bar { width: 1fr; }
    Build #rate { height: auto; }
    Build #result { height: auto; max-height: 8; }
    Build #result.-bad { color: $text-error; }
    Build #result.-good { color: $text-success; }
    Build TensorProgress { height: 1fr; min-height: 2; }
    Build RichLog { height: 4; background: $surface; border-top: solid $panel; }
    """

    class Start(Message):
        """A person wants to build."""

        def __init__(self, output: str, targets: tuple[str, ...], *, force: bool) -> None:
            super().__init__()
            self.output, self.targets, self.force = output, targets, force

    class Cancel(Message):
        """A person wants the build to stop."""

    def __init__(self, session: Session, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._session = session
        self._names: tuple[str, ...] = ()
        self.progress = Progress()
        self.running = False

    def compose(self) -> ComposeResult:
        """Lay out."""
        with Horizontal(classes="row"):
            yield Label("folder")
            yield Input(".", id="output", compact=True)
            yield Button("Build", id="start", variant="primary", compact=True)
            yield Button("Cancel", id="stop", variant="warning", compact=True, disabled=True)
        with Horizontal(id="targets"):
            yield Tick("replace what exists", id="force", compact=True)
        yield ProgressBar(show_eta=False, id="bar")
        yield Static("nothing is built yet", id="rate", markup=False)
        yield Static("", id="result", markup=False)
        yield TensorProgress(id="tensor-progress")
        yield RichLog(id="log", markup=False, wrap=True, max_lines=2000)

    def on_mount(self) -> None:
        """Look at the progress a few times a second, not at every event."""
        self.set_interval(0.2, self._tick)

    def show(self) -> None:
        """Offer the targets that there are."""
        names = self._session.targets()
        if names != self._names:
            self._names = names
            row = self.query_one("#targets", Horizontal)
            row.query(".target").remove()
            boxes = [Tick(name, value=True, classes="target", name=name, compact=True) for name in names]
            row.mount(*boxes, before=0)

    def take_focus(self) -> None:
        """Focus the button, or the one that stops."""
        self.screen.set_focus(self.query_one("#stop" if self.running else "#start"))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Start, or stop."""
        event.stop()
        if event.button.id == "stop":
            self.post_message(self.Cancel())
            return
        boxes = self.query(".target").results(Tick)
        targets = tuple(box.name for box in boxes if box.value and box.name)
        if not targets:
            self.fail("no target is chosen: tick one")
            return
        output = self.query_one("#output", Input).value.strip() or "."
        self.post_message(self.Start(output, targets, force=self.query_one("#force", Tick).value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on to the button."""
        event.stop()
        self.query_one("#start").focus()

    def begin(self) -> None:
        """Show that it runs."""
        self.progress = Progress(began=time.monotonic())
        self.running = True
        self._switch()
        self._say("")
        self.query_one(RichLog).clear()
        self.query_one("#bar", ProgressBar).update(total=None, progress=0)

    def take(self, event: Event) -> None:
        """Take an event; called from the thread that builds, so nothing is drawn here."""
        self.progress.take(event, time.monotonic())

    def done(self, result: BuildResult) -> None:
        """Show what was built."""
        paths = [str(path) for built in result.built for path in built.paths]
        parts = [f"{built.target.name}: {size(built.target.tensor_bytes)} of tensors" for built in result.built]
        words = "built " + ", ".join(parts) + "\n" + "\n".join(paths)
        if result.plan.missing:
            words += f"\nnot built: {count(len(result.plan.missing), 'target')}, whose plug-in is not installed"
        self._end("done", words, bad=bool(result.plan.missing))

    def fail(self, words: str) -> None:
        """Show what went wrong, and what can be done about it here."""
        here = ", or ".join(ours for option, ours in _HERE.items() if option in words)
        self._end("failed", f"{words}\nhere: {here}" if here else words, bad=True)

    def cancelled(self) -> None:
        """Show that it was stopped."""
        self._end("cancelled", "cancelled: nothing was left under a final name", bad=True)

    def _end(self, state: str, words: str, *, bad: bool) -> None:
        self._tick()
        self.running = False
        self._switch()
        self._say(words, bad=bad)
        bar = self.query_one("#bar", ProgressBar)
        if state == "done":
            bar.update(total=1, progress=1)
        bar.display = bar.total is not None  # one without an end moves for ever
        self.query_one("#rate", Static).update(state)

    def _say(self, words: str, *, bad: bool = False) -> None:
        result = self.query_one("#result", Static)
        result.update(words)
        result.set_class(bad, "-bad")
        result.set_class(not bad, "-good")

    def _switch(self) -> None:
        self.query_one("#start", Button).disabled = self.running
        self.query_one("#bar").display = True
        stop = self.query_one("#stop", Button)
        stop.disabled = not self.running
        (stop if self.running else self.query_one("#start")).focus()

    def _tick(self) -> None:
        if not self.running:
            return
        progress, log = self.progress, self.query_one(RichLog)
        while progress.log:
            log.write(progress.log.pop(0))
        rate = f"{progress.doing}: {progress.line(time.monotonic())}" if progress.done else progress.doing
        self.query_one("#rate", Static).update(rate)
        self.query_one("#bar", ProgressBar).update(total=progress.total or None, progress=progress.done)
        self._tensors()

    def _tensors(self) -> None:
        by_name, view = self._session.rows().by_name, self.query_one(TensorProgress)
        target = self._session.state.target(self.progress.doing.removeprefix("building "))
        whole = {} if target is None else target.layout.parts
        made = []
        for name, nbytes in reversed(list(self.progress.tensors.items())):
            total = sum(part.nbytes for part in whole.get(name, ())) or nbytes
            row = by_name.get(name)
            made.append(f"{min(nbytes / max(total, 1), 1):>5.0%}  {name}  {row.type if row else ''}  {size(nbytes)}")
        view.lines_ = made
        view.rebuilt()
