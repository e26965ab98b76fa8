"""Saving, reloading, leaving: everything that could lose something asks first. A part of the workbench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.widgets import Static

from qrecipe.api.desk_opening import remember
from qrecipe.errors import QrecipeError
from qrecipe.tui.dialogs.ask import AskText, Choose
from qrecipe.tui.screens.part import Part

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic

_REPLACE = "recipe-exists"
_OUTSIDE = ("recipe-changed", "recipe-vanished")


class Saving(Part):
    """The actions."""

    @work(exclusive=True, group="ask")
    async def action_save(self) -> None:
        """Save; ask for a name where there is none."""
        await self.save()

    @work(exclusive=True, group="ask")
    async def action_save_as(self) -> None:
        """Save under another name."""
        await self.save(elsewhere=True)

    async def save(self, *, elsewhere: bool = False) -> bool:
        """Save, asking whatever must be asked; say whether it is saved."""
        if not self.hand_over():
            return False
        path, force = None, False
        if self.session.desk.path is None or elsewhere:
            path = await self._ask_name()
            if path is None:
                return False
        while (error := self._saved(path, force=force)) is not None:
            answer = await self._ask_after(error.diagnostics[0])
            if answer not in ("force", "name"):
                return False
            force = answer == "force"
            if answer == "name" and (path := await self._ask_name()) is None:
                return False
        return True

    def _saved(self, path: str | None, *, force: bool) -> QrecipeError | None:
        """Save, and return what was in the way."""
        try:
            written = self.session.desk.save(path, force=force)
        except QrecipeError as error:
            return error
        remember(written)
        self.notify(str(written), title="saved", timeout=3, markup=False)
        self.look_outside()
        self.show()
        return None

    async def _ask_after(self, found: Diagnostic) -> str | None:
        answers = [("name", "Another name"), ("cancel", "Cancel")]
        if found.code in (_REPLACE, *_OUTSIDE):
            answers.insert(0, ("force", "Write it anew" if found.code == _OUTSIDE[1] else "Replace it"))
        words = "\n".join(part for part in (found.what, found.why, found.fix) if part)
        return await self.app.push_screen_wait(Choose("not saved", words, answers))

    async def _ask_name(self) -> str | None:
        desk = self.session.desk
        stem = desk.name.replace("/", "-").removeprefix("lib:").removesuffix(".toml")
        value = str(desk.path) if desk.path is not None else f"{stem}-mine.toml"
        answer = await self.app.push_screen_wait(AskText("save as", value=value, hint="a file that ends in .toml"))
        return answer.strip() or None if answer is not None else None

    async def may_leave(self) -> bool:
        """Say whether nothing would be lost, or a person does not mind."""
        if not self.hand_over():
            return False
        desk = self.session.desk
        if desk.saved or (desk.path is None and not desk.can_undo):
            return True
        question = f"{desk.name} has changes that are not saved."
        answers = [("save", "Save"), ("discard", "Discard them"), ("cancel", "Stay")]
        answer = await self.app.push_screen_wait(Choose("not saved", question, answers))
        return answer == "discard" or (answer == "save" and await self.save())

    def look_outside(self) -> None:
        """See whether somebody else changed the file."""
        changed = self.session.desk.changed_outside()
        banner = self.query_one("#outside", Static)
        banner.set_class(changed, "-on")
        path = self.session.desk.path
        gone = changed and path is not None and not path.exists()
        what = "is gone from disk" if gone else "was changed by another program"
        end = "ctrl+s writes it anew" if gone else "ctrl+r takes its text (undo brings yours back)"
        banner.update(f"{path.name if path else ''} {what}: {end}" if changed else "")

    def action_reload(self) -> None:
        """Take the file's text, which undo takes back; where the file is as it was, read the model again."""
        desk = self.session.desk
        text = desk.text
        if desk.changed_outside():
            try:
                text = desk.reload()
            except QrecipeError as error:
                found = error.diagnostics[0]
                self.notify(found.fix, title=found.what, severity="error", markup=False)
                return
        else:
            self.notify("the file is as it was: its model is read again", timeout=2)
            desk.forget_models()
        self.take_text(text)
        self.look_outside()

    @work(exclusive=True, group="ask")
    async def action_open(self) -> None:
        """Open another recipe."""
        if await self.may_leave() and await self.may_stop():
            await self.app.run_action("begin")
