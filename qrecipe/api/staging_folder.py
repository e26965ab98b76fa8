"""Folders that appear under their own name only when they are whole.

The files are staged in a temporary folder beside the final place, at their full sizes, and `publish` renames that one.
A folder that is there already is replaced only where it may be, and only if it holds nothing but what a build writes:
foreign files are never lost.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from qrecipe.api.staging import allocate, cannot_write, final_path, make_folders, sync, umask
from qrecipe.errors import BuildError, Diagnostic
from qrecipe.sources.origin import COMPANIONS

if TYPE_CHECKING:
    from types import TracebackType

    from qrecipe.types.target import OutputFile

_OURS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json", re.ASCII)
_SHOWN = 4


@dataclass(slots=True)
class FolderStaging:
    """Stages the `files` of the folder `output` under `folder`; with `replace`, `publish` replaces what is there."""

    folder: Path
    output: str
    files: Sequence[OutputFile]
    replace: bool
    _staged: Path | None = None
    _paths: dict[str, Path] = field(default_factory=dict)
    _made: list[Path] = field(default_factory=list)

    @property
    def paths(self) -> Mapping[str, Path]:
        """Output path → temporary file."""
        return self._paths

    @property
    def _final(self) -> Path:
        return final_path(self.folder, self.output.rstrip("/"))

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self.discard)
            final = self._final
            make_folders(final.parent, self._made)
            refuse_folder(final, self.files, replace=self.replace)
            self._staged = _temporary(final, ".part")
            for file in self.files:
                self._paths[file.path] = self._reserve(file)
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def publish(self) -> tuple[Path, ...]:
        """Sync everything and give the folder its final name; return the final paths of its files."""
        final = self._final
        refuse_folder(final, self.files, replace=self.replace)
        assert self._staged is not None  # noqa: S101 - `with` has made it
        try:
            for path in self._paths.values():
                sync(path)
            _swap(self._staged, final)
        except OSError as error:
            raise BuildError(cannot_write(final, error)) from error
        with suppress(OSError):  # not every file system syncs folders; the files are whole by now
            sync(final.parent)
        self._staged = None
        self._made.clear()
        return tuple(final / path.relative_to(self.output.rstrip("/")) for path in map(PurePosixPath, self._paths))

    def discard(self) -> None:
        """Remove what was staged and not published."""
        if self._staged is not None:
            shutil.rmtree(self._staged, ignore_errors=True)
            self._staged = None
        for made in reversed(self._made):
            with suppress(OSError):  # somebody else put a file there meanwhile: theirs
                made.rmdir()
        self._made.clear()

    def _reserve(self, file: OutputFile) -> Path:
        assert self._staged is not None  # noqa: S101 - made just before
        path = self._staged / PurePosixPath(file.path).relative_to(self.output.rstrip("/"))
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
            try:
                allocate(handle, file.nbytes or 0)
            finally:
                os.close(handle)
        except OSError as error:
            raise BuildError(cannot_write(final_path(self.folder, file.path), error)) from None
        return path


def refuse_folder(final: Path, files: Iterable[OutputFile], *, replace: bool) -> None:
    """Raise BuildError for a folder that holds anything, unless all of it may be replaced."""
    if not os.path.lexists(final):
        return
    if not final.is_dir():
        raise BuildError(_exists(f"{final} exists and is no folder", "remove it, or use --output"))
    held = sorted(entry.name for entry in final.iterdir())
    if held and not replace:
        shown = _shown(held)
        raise BuildError(_exists(f"{final} exists and holds {shown}", "remove it, pass --force, or use --output"))
    known = {PurePosixPath(file.path).name for file in files} | {"config.json", "qrecipe.lock.json", *COMPANIONS}
    foreign = [name for name in held if (name not in known and not _OURS.fullmatch(name)) or (final / name).is_dir()]
    if foreign:
        raise BuildError(_foreign(final, foreign))


def _swap(staged: Path, final: Path) -> None:
    """Rename the staged folder; what is there goes only when the new one stands."""
    if not final.exists() or not any(final.iterdir()):
        staged.replace(final)  # an empty folder may be renamed over
        return
    old = _temporary(final, ".old")
    final.replace(old)
    try:
        staged.replace(final)
    except OSError:
        old.replace(final)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _temporary(final: Path, suffix: str) -> Path:
    try:
        name = tempfile.mkdtemp(prefix=f".{final.name[:100]}.", suffix=suffix, dir=final.parent)
        Path(name).chmod(0o777 & ~umask())
    except OSError as error:
        raise BuildError(cannot_write(final, error)) from None
    return Path(name)


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _exists(what: str, fix: str) -> Diagnostic:
    return Diagnostic("output-exists", what, why="nothing is overwritten without being asked to", fix=fix)


def _foreign(final: Path, names: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "output-foreign-files",
        f"{final} holds what no build wrote: {_shown(names)}",
        why="the whole folder would be replaced, and this would be lost",
        fix="move it elsewhere, or use --output",
    )
