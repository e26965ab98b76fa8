"""Pydantic's findings → diagnostics in the words of the language, each at its place in the file.

Kinds are named as TOML users know them (a string, an integer, a table). Several findings about one value (a union whose
branches all refuse) become one. Findings that this file does not know keep pydantic's own sentence. A validator says
what it wants to by raising `refused(…)`. Of a great many findings the first are told, and how many more there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from qrecipe.errors import Diagnostic, Location
from qrecipe.recipe.syntax import did_you_mean

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from qrecipe.recipe.locate import KeyPath, Places

_TOLD = 50  # findings of one file
_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "a boolean",
    "bool_parsing": "a boolean",
    "list_type": "an array",
    "tuple_type": "an array",
    "dict_type": "a table",
    "mapping_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_HOW = {
    "a string": 'write it in quotes: "…"',
    "an integer": "write digits, without quotes and without a point",
    "a number": "write it without quotes",
    "a boolean": "write true or false, without quotes",
    "an array": "write it in brackets: […]",
    "a table": "write it in braces: {…}",
}
_OWNERS = {"rules": "rule", "targets": "target"}
_FOUND: tuple[tuple[type, str], ...] = (
    (str, "a string"),
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number with a point"),
    (list, "an array"),
    (Mapping, "a table"),
)


def faults(
    error: ValidationError, model: type[BaseModel], data: object, places: Places, base: KeyPath = ()
) -> tuple[Diagnostic, ...]:
    """Return what `model` found wrong with `data`, which stands at the key path `base`, in the order of the file."""
    findings: dict[tuple[KeyPath, str], list[_Finding]] = {}
    for details in error.errors(include_url=False)[:_TOLD]:
        finding = _Finding(details, _within(data, details["loc"]), model, data, places, base)
        kind = "kind" if details["type"] in _EXPECTED else f"{details['type']} {details['loc']}"
        findings.setdefault((finding.path, kind), []).append(finding)
    settled = {path for path, kind in findings if kind != "kind"}  # one branch of a union took it as its own
    told = [_diagnostic(same) for (path, kind), same in findings.items() if kind != "kind" or path not in settled]
    more = (_more(error.error_count() - _TOLD, places),) if error.error_count() > _TOLD else ()
    return (*sorted((one for one in told if one is not None), key=_line), *more)


def refused(code: str, what: str, *, why: str, fix: str) -> PydanticCustomError:
    """Make what a validator raises: a diagnostic without a place."""
    return PydanticCustomError(code, "{what}", {"what": what, "why": why, "fix": fix})


@dataclass(frozen=True, slots=True)
class _Finding:
    """One of pydantic's findings; `path` is the part of its place that the data has, below `base`."""

    details: ErrorDetails
    path: KeyPath
    model: type[BaseModel]
    data: object
    places: Places
    base: KeyPath

    @property
    def whole_path(self) -> KeyPath:
        return (*self.base, *self.path)

    @property
    def last(self) -> str:
        """The key that the finding is about."""
        return str(self.details["loc"][-1])


def _diagnostic(same: Sequence[_Finding]) -> Diagnostic | None:
    finding = same[0]
    kind = finding.details["type"]
    if kind in _EXPECTED:
        return _wrong_kind(same)
    tell = {
        "extra_forbidden": _unknown_key,
        "missing": _missing_key,
        "literal_error": _wrong_word,
        "too_long": _too_many,
    }.get(kind)
    if tell is not None:
        return tell(finding)
    context: Mapping[str, Any] = finding.details.get("ctx", {})
    if {"what", "why", "fix"} <= context.keys():
        return Diagnostic(kind, context["what"], _place(finding), context["why"], context["fix"])
    words = finding.details["msg"].removeprefix("Value error, ")
    what = re.sub(r"^Input should", f"{finding.last} should", words)
    fix = "write a value that fits; the reference page of the backend or the plug-in has more"
    return Diagnostic("invalid-value", what[:1].lower() + what[1:], _place(finding), _about(finding), fix)


def _place(finding: _Finding) -> Location:
    if finding.last == "[key]":
        return finding.places.key(finding.whole_path)
    return finding.places.value(finding.whole_path)


def _unknown_key(finding: _Finding) -> Diagnostic:
    known = list(_fields(finding.model, finding.path[:-1]))
    return Diagnostic(
        "unknown-key",
        f"unknown key {finding.last!r}",
        finding.places.key(finding.whole_path),
        why=f"the keys here are {', '.join(known)}" if known else "no key may stand here",
        fix=_elsewhere(finding)
        or did_you_mean(finding.last, known, otherwise="take it out, or put text for people behind #"),
    )


def _elsewhere(finding: _Finding) -> str | None:
    """Say where a key belongs that is known, but not here: below a [table], TOML takes every line as that table's."""
    root = finding.model.model_fields
    if len(finding.path) > 1 and finding.last in root:
        return f"{finding.last!r} is a key of the whole file: write it above the first [table]"
    for name, field in root.items():
        if len(finding.path) == 1 and any(finding.last in model.model_fields for model in _models_in(field.annotation)):
            return f"{finding.last!r} is a key of a table: write [[{name}]] above it"
    return None


def _missing_key(finding: _Finding) -> Diagnostic | None:
    """Say which key is missing; None where an unknown key of the same table is told to be it."""
    table = _at(finding.data, finding.path)
    fields = _fields(finding.model, finding.path)
    strange = [key for key in table if key not in fields] if isinstance(table, Mapping) else []
    near = get_close_matches(finding.last, strange, n=1)
    if near and _model_at(finding.model, finding.path).model_config.get("extra") == "forbid":
        return None
    examples = fields[finding.last].examples if finding.last in fields else None
    line = f"{finding.last} = {examples[0] if examples else '…'}"
    return Diagnostic(
        "missing-key",
        f"the key {finding.last!r} is missing",
        finding.places.value(finding.whole_path),
        why=_needed(finding, fields.get(finding.last)),
        fix=f"did you mean it by {near[0]!r}? write {line}" if near else f"add {line}",
    )


def _needed(finding: _Finding, field: FieldInfo | None) -> str:
    tables = [part for part in finding.whole_path if isinstance(part, str)]
    owner = _OWNERS.get(tables[-1], "such table") if tables else "recipe"
    described = _described(field)
    return f"every {owner} needs it" + (f" ({described})" if described else "")


def _wrong_kind(same: Sequence[_Finding]) -> Diagnostic:
    expected = list(dict.fromkeys(_EXPECTED[finding.details["type"]] for finding in same))
    finding = same[0]
    found = finding.details["input"]
    how = _HOW[expected[0]] if len(expected) == 1 else f"write {_either(expected)}"
    if expected == ["an array"] and isinstance(found, Mapping):
        how = f"write [[{finding.last}]] for each of them"
    elif expected == ["an array"] and isinstance(found, str):
        how = f'write {finding.last} = ["{found}"]'
    return Diagnostic(
        "wrong-kind",
        f"expected {_either(expected)}, found {_kind_of(found)}",
        _place(finding),
        why=_about(finding),
        fix=how,
    )


def _too_many(finding: _Finding) -> Diagnostic:
    most = finding.details.get("ctx", {}).get("max_length")
    return Diagnostic(
        "too-many",
        f"more than {most:,} members of {finding.last!r}",
        _place(finding),
        why="a file with that many is broken, or made to keep the tool busy",
        fix="put them into several recipes, or let patterns and variables say what they share",
    )


def _more(count: int, places: Places) -> Diagnostic:
    what = "1 more fault" if count == 1 else f"{count:,} more faults"
    return Diagnostic("more-faults", what, Location(places.file), fix="mend those that are told first, and check again")


def _wrong_word(finding: _Finding) -> Diagnostic:
    expected = str(finding.details.get("ctx", {}).get("expected", ""))
    found = finding.details["input"]
    choices = [part.strip("'") for part in expected.replace(" or ", ", ").split(", ")]
    return Diagnostic(
        "wrong-word",
        f"expected {expected}, found {found!r}",
        _place(finding),
        why=_about(finding),
        fix=did_you_mean(str(found), choices, otherwise=f"write {expected}"),
    )


def _about(finding: _Finding) -> str:
    """Return what the key is for, as its field describes it."""
    if not finding.path or not isinstance(finding.path[-1], str):
        return ""
    return _described(_fields(finding.model, finding.path[:-1]).get(finding.path[-1]))


def _described(field: FieldInfo | None) -> str:
    words = (field.description or "") if field is not None else ""
    return words[:1].lower() + words[1:].removesuffix(".")


def _within(data: object, loc: Iterable[str | int]) -> KeyPath:
    """Return the beginning of a finding's place that leads through the data; the rest names a union's branch."""
    path: list[str | int] = []
    for part in loc:
        is_key = isinstance(data, Mapping) and part in data
        if not is_key and not (isinstance(data, list) and isinstance(part, int)):
            break
        data = data[part]  # type: ignore[index]
        path.append(part)
    return tuple(path)


def _at(data: Any, path: KeyPath) -> Any:  # noqa: ANN401 - any value of a TOML file
    for part in path:
        data = data[part]
    return data


def _fields(model: type[BaseModel], path: KeyPath) -> Mapping[str, FieldInfo]:
    return _model_at(model, path).model_fields


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel]:
    """Return the model of the table at `path`; an empty one where the table has none of its own."""
    for part in path:
        if isinstance(part, int):
            continue
        found = _models_in(model.model_fields[part].annotation) if part in model.model_fields else []
        if not found:
            return BaseModel
        model = found[0]
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - a type, a union, an alias
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _kind_of(value: object) -> str:
    return next((name for kind, name in _FOUND if isinstance(value, kind)), "a date or a time")


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _line(diagnostic: Diagnostic) -> tuple[int, int]:
    where = diagnostic.where
    return (where.line or 0, where.column or 0) if where is not None else (0, 0)
