"""New plug-ins: a project that installs and passes the contract suites as it stands, for an author to change.

The project's files are those of `plugin_template/`, `.in` left out of their names, with `@words@` filled in.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.api.staging import Staging, cannot_write
from qrecipe.errors import BuildError, Diagnostic, PluginError
from qrecipe.hooks import API_VERSION
from qrecipe.types.target import OutputFile

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_TEMPLATE = "plugin_template"
_NAME = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*(?:_[A-Za-z0-9]+)*")
_MOST = 80  # characters


def new_plugin(name: str, *, output: str | Path | None = None) -> Path:
    """Write a plug-in project: a type, a fit, the entry point, and tests that subclass the contract suites.

    Args:
        name: The distribution's; the package has the same name, hyphens as underscores.
        output: The folder; by default one of that name. It may exist if it is empty.

    Returns:
        The folder.

    Raises:
        PluginError: The name cannot be one, or is taken in this environment.
        BuildError: The folder is not empty, or cannot be written.
    """
    module = _module(name)
    folder = Path(name if output is None else output)
    _refuse_full(folder)
    texts = {path: _filled(text, name, module).encode() for path, text in _template(module)}
    wanted = tuple(OutputFile(path, len(data), None) for path, data in texts.items())
    with Staging(folder, wanted, replace=False) as staging:
        for path, data in texts.items():
            staging.paths[path].write_bytes(data)
        staging.publish()
    return folder


def _module(name: str) -> str:
    """Return the name of the package; PluginError where the name is none, or taken."""
    module = name.lower().replace("-", "_")
    if not _NAME.fullmatch(name) or len(name) > _MOST:
        raise PluginError(_no_name(name, "it has ASCII letters, digits and single hyphens, and begins with a letter"))
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        raise PluginError(_no_name(name, f"{module!r} is a word of Python's own, so the package could not be imported"))
    if (taken := _taken(name, module)) is not None:
        raise PluginError(_name_taken(name, taken))
    return module


def _taken(name: str, module: str) -> str | None:
    """Say what has the name in this environment."""
    if module in sys.stdlib_module_names:
        return f"{module!r} is a module of Python's own"
    try:
        return f"the distribution {name} {version(name)} is installed"
    except PackageNotFoundError:
        pass
    spec = find_spec(module)
    return None if spec is None or spec.origin is None else f"a module {module!r} is installed"


def _refuse_full(folder: Path) -> None:
    try:
        full = folder.is_dir() and next(folder.iterdir(), None) is not None
    except OSError as error:
        raise BuildError(cannot_write(folder, error)) from None
    if full or folder.is_file() or folder.is_symlink():
        raise BuildError(_not_empty(folder, file=not folder.is_dir()))


def _template(module: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each file in the project, and its text as it stands in the template."""
    yield f"src/{module}/py.typed", ""
    for path, found in _below(files("qrecipe.api") / _TEMPLATE, ""):
        place = f"src/{module}/{path.removeprefix('package/')}" if path.startswith("package/") else path
        yield place.removesuffix(".in"), found.read_text(encoding="utf-8")


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _below(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(".in"):
            yield path + entry.name, entry


def _filled(text: str, name: str, module: str) -> str:
    words = {
        "distribution": name,
        "module": module,
        "stem": module.removeprefix("qrecipe_"),
        "version": version("qrecipe"),
        "api": str(API_VERSION),
    }
    return re.sub(r"@([a-z]+)@", lambda found: words[found[1]], text)


def _no_name(name: str, why: str) -> Diagnostic:
    return Diagnostic("plugin-name", f"{name!r} is no name for a plug-in", why=why, fix=_another(name))


def _name_taken(name: str, why: str) -> Diagnostic:
    return Diagnostic("plugin-name-taken", f"the name {name!r} is taken", why=why, fix=_another(name))


def _another(name: str) -> str:
    """Propose a name."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "mine"
    proposed = f"{plain}-plugin" if plain.startswith("qrecipe") else f"qrecipe-{plain}"
    return f"choose another, {proposed} say"


def _not_empty(folder: Path, *, file: bool) -> Diagnostic:
    return Diagnostic(
        "folder-not-empty",
        f"{folder} exists and is a file" if file else f"{folder} is not empty",
        why="a new project takes no file's place",
        fix="choose another folder with --output",
    )
