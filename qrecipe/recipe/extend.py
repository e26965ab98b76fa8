"""`extends`: a recipe and everything it builds upon, in the one order in which rules and keys are looked at.

The child stands first, then each parent in the order listed with all its own parents, depth first; a recipe reached
twice keeps its last place, so that it stands behind everything that extends it. Circles are refused, and so are
families beyond any sensible size. Faults of all files are collected.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qrecipe.errors import Diagnostic, Location, RecipeError, Span
from qrecipe.recipe.document import Document, read_document
from qrecipe.recipe.model import RecipeModel
from qrecipe.recipe.salvage import checked
from qrecipe.recipe.shipped import LIB, lib, shipped_bases
from qrecipe.recipe.syntax import did_you_mean

MAX_DEPTH = 32
MAX_RECIPES = 100


@dataclass(frozen=True, slots=True)
class Written:
    """One file of a family, checked. `inherited`: it came by `extends` or from `lib:`. `identity` tells files apart."""

    document: Document
    model: RecipeModel = field(repr=False)
    identity: str
    inherited: bool

    @property
    def file(self) -> str:
        """The file as users name it."""
        return self.document.file


def read_written(path: Path, shown: str, *, inherited: bool) -> Written:
    """Read and check one file; RecipeError with every fault of it."""
    document = read_document(path, shown)
    return Written(document, checked(document), identity_of(path), inherited)


def identity_of(path: Path) -> str:
    """Return what two ways to name one file have in common."""
    return os.path.normcase(path.resolve())


def family_of(child: Written) -> tuple[Written, ...]:
    """Return a recipe and all that it extends, in order; RecipeError with every fault of every file."""
    family = _Family({child.identity: child})
    family.visit((child,))
    if family.errors:
        raise RecipeError(*dict.fromkeys(family.errors))
    return tuple(reversed(family.finished))


@dataclass(slots=True)
class _Family:
    """A search that finishes parents before children and the last parent first: the wanted order, reversed."""

    known: dict[str, Written | None]  # None where a file has faults
    finished: list[Written] = field(default_factory=list)
    errors: list[Diagnostic] = field(default_factory=list)

    def visit(self, line: tuple[Written, ...]) -> None:
        """Finish the last of `line`, the recipes that are open."""
        parents = list(self._parents(line[-1]))
        for parent, where in reversed(parents):
            if any(parent.identity == ancestor.identity for ancestor in line):
                self.errors.append(_circle(line, parent, where))
            elif len(line) > MAX_DEPTH or len(self.known) > MAX_RECIPES:
                self.errors.append(_too_many(where))
            elif parent.identity not in {one.identity for one in self.finished}:
                self.visit((*line, parent))
        self.finished.append(line[-1])

    def _parents(self, child: Written) -> Iterator[tuple[Written, Location]]:
        for index, reference in enumerate(child.model.extends):
            where = child.document.places.string(("extends", index), reference).at(Span(0, len(reference)))
            try:
                parent = self._read(reference, child, where)
            except RecipeError as error:
                self.errors += error.diagnostics
                continue
            if parent is not None:
                yield parent, where

    def _read(self, reference: str, child: Written, where: Location) -> Written | None:
        path, shown = _located(reference, child, where)
        identity = identity_of(path)
        if identity not in self.known:
            self.known[identity] = None
            self.known[identity] = read_written(path, shown, inherited=True)
        return self.known[identity]


def _located(reference: str, child: Written, where: Location) -> tuple[Path, str]:
    """Return a parent's path and the name that messages use for it."""
    if reference.startswith(LIB):
        return lib(reference.removeprefix(LIB), where), reference
    path = child.document.folder / reference
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists fails where a name is too long, or a folder is closed
        raise RecipeError(_missing(reference, path, where))
    beside = "" if child.file.startswith(LIB) else os.path.dirname(child.file)  # noqa: PTH120 - a name, not a place
    return path, str(path) if child.file.startswith(LIB) else os.path.normpath(Path(beside, reference))


def recipes_in(folder: Path) -> list[str]:
    """Return the names of the recipes in a folder; none where there is no folder that can be listed."""
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.suffix == ".toml")
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return []


def _missing(reference: str, path: Path, where: Location) -> Diagnostic:
    beside = recipes_in(path.parent)
    folder = os.path.dirname(reference)  # noqa: PTH120 - as written
    known = [*(LIB + name for name in shipped_bases()), *(os.path.join(folder, name) for name in beside)]  # noqa: PTH118
    return Diagnostic(
        "parent-missing",
        f"there is no recipe {reference!r} to extend",
        where,
        why=f"looked for {path}; paths are relative to this file, shipped bases begin with {LIB}",
        fix=did_you_mean(reference, known, otherwise=f"write the path of a file, or one of {', '.join(known)}"),
    )


def _circle(line: tuple[Written, ...], parent: Written, where: Location) -> Diagnostic:
    start = next(index for index, one in enumerate(line) if one.identity == parent.identity)
    circle = [*(one.file for one in line[start:]), line[start].file]
    return Diagnostic(
        "extends-circle",
        f"recipes extend each other in a circle: {' → '.join(circle)}",
        where,
        why="each would stand behind the other",
        fix=f"take {parent.file} out of this list",
    )


def _too_many(where: Location) -> Diagnostic:
    return Diagnostic(
        "extends-too-many",
        f"more than {MAX_RECIPES} recipes, or {MAX_DEPTH} levels of them",
        where,
        why="no recipe needs that many, and nobody could read it",
        fix="put the rules of some into one file",
    )
