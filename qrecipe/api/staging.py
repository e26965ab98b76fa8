"""Files that appear under their own name only when they are whole.

A staged file lies beside its final place under a temporary name, at its full size from the start (so a full disk is
met before the work), and is synced and renamed by `publish`. Leaving the `with` block without it removes every trace,
folders that staging made included.
"""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from qrecipe.errors import BuildError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    from qrecipe.types.target import OutputFile


_NAME_MOST = 255  # bytes of a name, on every file system in use


@dataclass(slots=True)
class Staging:
    """Stages `files` under `folder`; with `replace`, `publish` replaces what is there, else that is an error."""

    folder: Path
    files: Sequence[OutputFile]
    replace: bool
    _staged: dict[str, Path] = field(default_factory=dict)
    _made: list[Path] = field(default_factory=list)

    @property
    def paths(self) -> Mapping[str, Path]:
        """Output path → temporary file."""
        return self._staged

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self.discard)
            for file in self.files:
                final = final_path(self.folder, file.path)
                make_folders(final.parent, self._made)
                refuse_existing([final], replace=self.replace)
                self._staged[file.path] = _reserve(final, file.nbytes or 0)
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def publish(self) -> tuple[Path, ...]:
        """Sync every file and give it its final name; return those."""
        finals = {path: final_path(self.folder, path) for path in self._staged}
        refuse_existing(finals.values(), replace=self.replace)
        try:
            for staged in self._staged.values():
                sync(staged)
            for path, staged in list(self._staged.items()):
                staged.replace(finals[path])
                del self._staged[path]
        except OSError as error:
            raise BuildError(cannot_write(self.folder, error)) from error
        for parent in {final.parent for final in finals.values()}:
            with suppress(OSError):  # not every file system syncs folders; the files are whole by now
                sync(parent)
        self._made.clear()
        return tuple(finals.values())

    def discard(self) -> None:
        """Remove what was staged and not published."""
        for staged in self._staged.values():
            staged.unlink(missing_ok=True)
        self._staged.clear()
        for made in reversed(self._made):
            with suppress(OSError):  # somebody else put a file there meanwhile: theirs
                made.rmdir()
        self._made.clear()


def make_folders(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it that are missing; each that was made is noted at once."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        try:
            parent.mkdir()
        except OSError as error:
            raise BuildError(cannot_write(parent, error)) from None
        made.append(parent)


def final_path(folder: Path, output: str) -> Path:
    """Return the place of an output; BuildError if that is not under the folder (symbolic links followed)."""
    path = folder / PurePosixPath(output)
    try:
        outside = not path.parent.resolve().is_relative_to(folder.resolve()) or path.is_symlink()
        with suppress(FileNotFoundError):
            path.lstat()
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, links in a circle, a NUL
        raise BuildError(cannot_write(path, error)) from None
    if any(len(os.fsencode(part)) > _NAME_MOST for part in PurePosixPath(output).parts):  # else told after the work
        raise BuildError(cannot_write(path, OSError(errno.ENAMETOOLONG, "")))
    if outside:
        raise BuildError(
            Diagnostic(
                "output-outside",
                f"the output {output} would not lie in {folder}",
                why="its path, or a symbolic link on it, leads out of the output folder; a build may only write below",
                fix="name another output, remove the link, or choose another folder with --output",
            )
        )
    return path


def refuse_existing(finals: Iterable[Path], *, replace: bool) -> None:
    """Raise BuildError for the first final path that exists, unless it may be replaced."""
    for final in finals:
        if final.is_dir() or (final.exists() and not replace):
            folder = final.is_dir()
            raise BuildError(
                Diagnostic(
                    "output-exists",
                    f"{final} exists{' and is a folder' if folder else ''}",
                    why="nothing is overwritten without being asked to",
                    fix="choose another folder with --output" if folder else "remove it, pass --force, or use --output",
                )
            )


def refuse_inputs(finals: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise BuildError for a final path that is a file which the build reads: --force must not replace a model."""
    read = [path for path in inputs if os.path.exists(path)]  # noqa: PTH110 - Path.exists fails where a name is too long
    for final in finals:
        if final.exists() and any(final.samefile(path) for path in read):
            raise BuildError(
                Diagnostic(
                    "output-is-input",
                    f"{final} is what this build reads",
                    why="its result would take the place of the original, which could not be built again",
                    fix="choose another folder with --output, or another output in the recipe",
                )
            )


def cannot_write(path: Path, error: Exception) -> Diagnostic:
    """Say that an output cannot be written, and what the system said."""
    number = error.errno if isinstance(error, OSError) else None
    full = number in (errno.ENOSPC, errno.EDQUOT)
    return Diagnostic(
        "disk-full" if full else "output-unwritable",
        f"no room for {path}" if full else f"cannot write {path}",
        why=(os.strerror(number) if number else str(error)).lower(),
        fix="free some space, or choose another disk with --output" if full else "choose another folder with --output",
    )


def rewrite(path: Path, data: bytes) -> None:
    """Give a file other contents, whole or not at all; its permissions stay, and a link stays one.

    Raises:
        OSError: As the system has it; a file that is read-only is no exception, though its folder would allow it.
    """
    final = path.resolve() if path.is_symlink() else path
    if final.exists() and not os.access(final, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only")
    staged = _beside(final, 0)
    try:
        staged.write_bytes(data)
        if final.exists():
            staged.chmod(final.stat().st_mode & 0o777)
        sync(staged)
        staged.replace(final)
    finally:
        staged.unlink(missing_ok=True)


def _reserve(final: Path, nbytes: int) -> Path:
    try:
        return _beside(final, nbytes)
    except OSError as error:
        raise BuildError(cannot_write(final, error)) from None


def _beside(final: Path, nbytes: int) -> Path:
    """Make a temporary file of full size beside `final`, its blocks reserved where the system can do that."""
    handle, name = tempfile.mkstemp(prefix=f".{final.name[:100]}.", suffix=".part", dir=final.parent)
    try:
        allocate(handle, nbytes)
        os.fchmod(handle, 0o666 & ~umask())
    except OSError:
        Path(name).unlink()
        raise
    finally:
        os.close(handle)
    return Path(name)


def allocate(handle: int, nbytes: int) -> None:
    """Give an open file its size, its blocks reserved where the system can do that."""
    os.ftruncate(handle, nbytes)
    if nbytes and hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(handle, 0, nbytes)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise


def umask() -> int:
    """Return the bits that new files do without."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sync(path: Path) -> None:
    """Bring a file, or a folder's list of names, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
