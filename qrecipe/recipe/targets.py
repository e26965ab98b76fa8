"""What a recipe makes: its targets, variables filled in, each output under the output folder.

All targets come from the first recipe of a family that has any; without any there is one, a GGUF file named after the
recipe. Whether a backend, a profile and the further keys exist is for whoever knows the backends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from qrecipe.errors import Diagnostic, Location, RecipeError, Span
from qrecipe.recipe.variables import Variable, Variables

if TYPE_CHECKING:
    from qrecipe.recipe.document import Document
    from qrecipe.recipe.extend import Written
    from qrecipe.recipe.locate import KeyPath, Places
    from qrecipe.recipe.model import TargetModel

_DRIVE = re.compile(r"[A-Za-z]:")
_NAME_MOST = 255  # bytes of one name, on every file system in use


@dataclass(frozen=True, slots=True)
class RecipeTarget:
    """One target. `options` are the keys for the backend; they stand at `path` in the text of `places`."""

    name: str
    backend: str
    output: str
    profile: str | None
    options: Mapping[str, Any]
    where: Location
    places: Places = field(repr=False, compare=False)
    path: KeyPath = ()


def targets_of(family: Sequence[Written], variables: Variables) -> tuple[RecipeTarget, ...]:
    """Return the targets; RecipeError with everything that is wrong with them."""
    recipe = next((one for one in family if one.model.targets), None)
    if recipe is None:
        return (_default(family[0]),)
    targets: list[RecipeTarget] = []
    errors: list[Diagnostic] = []
    for index, model in enumerate(recipe.model.targets):
        try:
            targets.append(_target(model, ("targets", index), recipe.document, variables))
        except RecipeError as error:
            errors += error.diagnostics
    errors += _same_names(targets)
    if errors:
        raise RecipeError(*errors)
    return tuple(targets)


def with_target(variables: Variables, target: RecipeTarget) -> Variables:
    """Return the variables as they are for one target: `${target}` is its name."""
    given = Variable("target", target.name, replace(target.where, text=target.name, span=None, column=None))
    return Variables({**variables.values, "target": given})


def _default(child: Written) -> RecipeTarget:
    where = Location(child.file)
    return RecipeTarget("gguf", "gguf", f"{child.model.name}.gguf", None, {}, where, child.document.places)


def _target(model: TargetModel, path: KeyPath, document: Document, variables: Variables) -> RecipeTarget:
    places = document.places
    target = RecipeTarget(model.name or model.backend, model.backend, "", None, {}, places.value(path), places, path)
    variables = with_target(variables, target)
    where = places.string((*path, "output"), model.output)
    output = variables.text(model.output, where)
    if (why := _leaves_folder(output)) is not None:
        raise RecipeError(_bad_output(output, why, where.at(Span(0, len(model.output)))))
    profile = (
        None
        if model.profile is None
        else variables.text(model.profile, places.string((*path, "profile"), model.profile))
    )
    options = _filled(model.model_extra or {}, path, places, variables)
    return replace(target, output=output, profile=profile, options=options)


def _filled(value: Any, path: KeyPath, places: Places, variables: Variables) -> Any:  # noqa: ANN401 - any value of TOML
    """Return a backend's keys with the variables in their strings filled in."""
    if isinstance(value, str):
        return variables.text(value, places.string(path, value))
    if isinstance(value, Mapping):
        return {key: _filled(inner, (*path, key), places, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, (*path, index), places, variables) for index, inner in enumerate(value)]
    return value


def _leaves_folder(output: str) -> str | None:
    """Say why an output is no path below the output folder; None if it is one."""
    objections = (
        (not output.strip("/. "), "it names no file"),
        (not output.isprintable(), "it holds a control character"),
        ("\\" in output, "it holds a backslash; folders are separated by /"),
        (PurePosixPath(output).is_absolute() or _DRIVE.match(output) is not None, "it is an absolute path"),
        (output.startswith("~"), "~ stands for a home folder"),
        (".." in output.split("/"), "'..' leads out of the folder"),
        (max(map(_bytes, output.split("/"))) > _NAME_MOST, f"a name in it has more than {_NAME_MOST} bytes"),
    )
    return next((why for holds, why in objections if holds), None)


def _bytes(name: str) -> int:
    return len(name.encode("utf-8", errors="surrogatepass"))


def _bad_output(output: str, why: str, where: Location) -> Diagnostic:
    return Diagnostic(
        "bad-output",
        f"the output {output!r} is no path below the output folder",
        where,
        why=why,
        fix='write a relative path, "${name}.gguf" say; where the folder is, is for --output to say',
    )


def _same_names(targets: Sequence[RecipeTarget]) -> Iterator[Diagnostic]:
    seen: dict[str, RecipeTarget] = {}
    for target in targets:
        if (first := seen.setdefault(target.name, target)) is not target:
            yield Diagnostic(
                "target-twice",
                f"two targets are called {target.name!r}",
                target.where,
                why=f"the other stands in line {first.where.line}; without a name, a target is called as its backend",
                fix=f'give one of them another: name = "{target.name}-2"',
            )
