"""Every code that the source can put into a diagnostic, read from its syntax trees; imported by nothing but tests.

A code is what a maker is called with as `code`: `Diagnostic` itself, a function with a parameter of that name, or a
dataclass with such a field. It is a literal, or a choice between literals, so that reading the source finds all; what
is neither has to be handed on from a parameter or a field that is itself called `code`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "qrecipe"
NO_FINDINGS = {  # their `code` is no diagnostic's
    "PassedOver",  # why a chain's entry was passed over
    "PassedOverModel",
    "_passed_over",
    "number",  # of `HeaderReader`: a letter of struct
}


@dataclass(frozen=True, slots=True)
class Maker:
    """Something that takes a code: at which position, and which one if none is given."""

    position: int | None
    default: ast.expr | None


def codes_in_source() -> dict[str, list[str]]:
    """Return each code with the places (`file:line`) that name it."""
    found: dict[str, list[str]] = {}
    for place, node in _given():
        for code in _literals(node):
            found.setdefault(code, []).append(place)
    return dict(sorted(found.items()))


def unreadable() -> list[str]:
    """Return the places where a code is neither a literal nor handed on from something called `code`."""
    return [f"{place}: {ast.unparse(node)}" for place, node in _given() if not _literals(node) and not _handed_on(node)]


def _given() -> Iterator[tuple[str, ast.expr]]:
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if "testing" not in path.parts]  # suites plant faults
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    makers = {_module(path): _makers(tree) for path, tree in trees.items()}
    for path, tree in trees.items():
        known = makers[_module(path)] | {"Diagnostic": makers["qrecipe.errors"]["Diagnostic"]}
        known |= _imported(tree, makers)
        file = path.relative_to(PACKAGE.parent).as_posix()
        for maker in makers[_module(path)].values():
            if maker.default is not None:
                yield f"{file}:{maker.default.lineno}", maker.default
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and (maker := known.get(_called(call))) is not None:
                given = _argument(call, maker)
                if given is not None:
                    yield f"{file}:{call.lineno}", given


def _makers(tree: ast.Module) -> dict[str, Maker]:
    found: dict[str, Maker] = {}
    for node in ast.walk(tree):
        if getattr(node, "name", "") in NO_FINDINGS:
            continue
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args if each.arg != "self"]
            keywords = dict(zip((each.arg for each in node.args.kwonlyargs), node.args.kw_defaults, strict=True))
            if "code" in names:
                found[node.name] = Maker(names.index("code"), None)
            elif "code" in keywords:
                found[node.name] = Maker(None, keywords["code"])
        elif isinstance(node, ast.ClassDef):
            fields = [each.target.id for each in node.body if isinstance(each, ast.AnnAssign)]  # type: ignore[union-attr]
            if "code" in fields:
                found[node.name] = Maker(fields.index("code"), None)
    return found


def _imported(tree: ast.Module, makers: dict[str, dict[str, Maker]]) -> dict[str, Maker]:
    return {
        alias.asname or alias.name: makers[node.module][alias.name]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in makers
        for alias in node.names
        if alias.name in makers[node.module]
    }


def _argument(call: ast.Call, maker: Maker) -> ast.expr | None:
    named = next((each.value for each in call.keywords if each.arg == "code"), None)
    if named is None and maker.position is not None and len(call.args) > maker.position:
        return call.args[maker.position]
    return named


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _literals(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*_literals(node.body), *_literals(node.orelse)]
    return []


def _handed_on(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "code") or (
        isinstance(node, ast.Attribute) and node.attr == "code"
    )


def _module(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
