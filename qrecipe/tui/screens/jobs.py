"""What takes long, in threads: resolving a text whose model changed, comparing, building. A part of the workbench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on, work

from qrecipe.api.desk_compare import Other, other_of
from qrecipe.api.desk_opening import recents
from qrecipe.errors import QrecipeError
from qrecipe.tui.dialogs.ask import Choose
from qrecipe.tui.panes.build import Build
from qrecipe.tui.panes.compare import Compare
from qrecipe.tui.screens.part import Part
from qrecipe.tui.screens.threads import hand_over

if TYPE_CHECKING:
    from qrecipe.api.building import BuildResult
    from qrecipe.types.event import Event


class Jobs(Part):
    """The jobs."""

    _stop = False
    resolving = False

    def take_text(self, text: str) -> None:
        """Take another text. It is resolved at once, or in a thread where its model is to be read first."""
        desk = self.session.desk
        self.session.trial = None
        if not self.resolving and desk.is_open(text):
            desk.edit(text)
        else:
            desk.take(text)
            if not self.resolving:
                self.resolving = True
                self._resolve()
        self.show()

    @work(thread=True, group="resolve")
    def _resolve(self) -> None:
        self.session.desk.resolve()
        hand_over(self, self._resolved)

    def _resolved(self) -> None:
        """Show what came of it, or go on with what was typed meanwhile."""
        if self.session.desk.state.reading:
            self._resolve()
            return
        self.resolving = False
        self.show()

    def busy(self) -> bool:
        """Say whether a thread has the desk, which then takes no other edit; tell so."""
        if self.resolving:
            self.notify("the model that the text names is being read: one moment", timeout=2)
        return self.resolving

    @work(thread=True, group="names")
    def load_names(self) -> None:
        """Collect the names that a comparison can be made with."""
        import qrecipe  # noqa: PLC0415 - names are looked up when they are needed

        known = (*qrecipe.shipped_recipes(), *map(str, recents()))
        hand_over(self, self._suggest, known)

    def _suggest(self, known: tuple[str, ...]) -> None:
        self.query_one(Compare).suggest(known)

    @on(Compare.Asked)
    def _asked(self, message: Compare.Asked) -> None:
        message.stop()
        self.query_one(Compare).say(f"reading {message.reference} …")
        self._compare(message.reference)

    @work(thread=True, exclusive=True, group="compare")
    def _compare(self, reference: str) -> None:
        try:
            found = other_of(reference, self.session.desk)
        except QrecipeError as error:
            hand_over(self, self._say, str(error))
        except OSError as error:
            hand_over(self, self._say, f"{reference}: {error.strerror or error}".lower())
        else:
            hand_over(self, self._compared, found)

    def _say(self, words: str) -> None:
        self.query_one(Compare).say(words)

    def _compared(self, found: Other) -> None:
        self.session.other = found
        self.show()
        self.query_one(Compare).take_focus()

    @on(Build.Start)
    def _start(self, message: Build.Start) -> None:
        message.stop()
        if self.busy():
            return
        self._stop = False
        self.query_one(Build).begin()
        self._build(message)

    @work(thread=True, exclusive=True, group="build")
    def _build(self, asked: Build.Start) -> None:
        pane = self.query_one(Build)

        def watch(event: Event) -> None:
            if self._stop:
                raise KeyboardInterrupt
            pane.take(event)

        try:
            result: BuildResult = self.session.desk.build(
                asked.output, targets=asked.targets, force=asked.force, on_event=watch
            )
        except KeyboardInterrupt:
            hand_over(self, pane.cancelled)
        except QrecipeError as error:
            hand_over(self, pane.fail, str(error))
        except OSError as error:
            hand_over(self, pane.fail, f"the system refused {error.filename}: {error.strerror or error}")
        else:
            hand_over(self, pane.done, result)

    @on(Build.Cancel)
    def _cancel(self, message: Build.Cancel) -> None:
        message.stop()
        self._ask_cancel()

    @work(exclusive=True, group="ask")
    async def _ask_cancel(self) -> None:
        if await self.may_stop():
            self.query_one(Build).progress.doing = "stopping"

    def stop_build(self) -> None:
        """Let a build that runs end at its next step, and throw away what it has done."""
        self._stop = True

    async def may_stop(self) -> bool:
        """Say whether no build runs, or a person wants it stopped; then it is."""
        if not self.query_one(Build).running:
            return True
        question = "Stop the build? Nothing is left under a final name; what is done so far is thrown away."
        answers = [("stop", "Stop it"), ("go", "Go on")]
        answer = await self.app.push_screen_wait(Choose("a build is running", question, answers))
        self._stop = answer == "stop"
        return self._stop
