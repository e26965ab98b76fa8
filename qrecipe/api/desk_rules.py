"""Help with rules: which tensors a pattern covers, what can be typed next, a rule for what is selected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from qrecipe.errors import Location
from qrecipe.planner.candidates import covers
from qrecipe.recipe.edit import AddRule
from qrecipe.recipe.facts import FACTS
from qrecipe.recipe.pattern import parse_pattern
from qrecipe.recipe.variables import Variables

if TYPE_CHECKING:
    from qrecipe.api.desk import Desk
    from qrecipe.types.tensor import TensorInfo

Field = Literal["match", "when", "type"]
_WORD = re.compile(r"\$\{[A-Za-z0-9_-]*|[A-Za-z_][A-Za-z0-9_.]*|", re.ASCII)
_IN_BLOCK = re.compile(r"blk\.\d+\.")


@dataclass(frozen=True, slots=True)
class Completion:
    """What can be typed: `text` takes the place of what stands from `start` to the cursor."""

    text: str
    meaning: str
    start: int


def covered(desk: Desk, pattern: str) -> frozenset[str]:
    """Return the names of the tensors that a pattern covers; RecipeError with a caret where it does not parse."""
    outcome, plan = desk.state.outcome, desk.state.plan
    variables = Variables() if outcome is None else outcome.recipe.variables
    parsed = parse_pattern(pattern, Location(key_path="filter", text=pattern, verbatim=True), variables)
    tensors = () if plan is None else plan.inventory.tensors
    return frozenset(tensor.name for tensor in tensors if covers(parsed, tensor))


def completions(desk: Desk, field: Field, text: str, cursor: int) -> tuple[Completion, ...]:
    """Return what can stand at the cursor of a rule's field, what is likely first."""
    start = _word_start(text, cursor)
    typed = text[start:cursor]
    if typed.startswith("${"):
        return tuple(Completion(f"${{{name}}}", meaning, start) for name, meaning in _variables(desk, typed[2:]))
    known = {"match": _names, "when": _facts, "type": _types}[field](desk)
    if field == "match" and (whole := _like(known, text[:cursor])):
        return tuple(Completion(name, meaning, 0) for name, meaning in whole)
    fitting = [(name, meaning) for name, meaning in known if name.lower().startswith(typed.lower()) and name != typed]
    return tuple(Completion(name, meaning, start) for name, meaning in fitting)


def rule_for(desk: Desk, tensors: Sequence[str], what: Literal["tensor", "role", "layers"], type_: str) -> AddRule:
    """Return a rule, to stand first, for what is selected.

    Args:
        desk: The desk.
        tensors: Names of the selected tensors; one at least.
        what: For just these, for all tensors of their roles, or for their roles in the range of their layers.
        type_: The type that the rule gives.
    """
    plan = desk.state.plan
    chosen = [each for each in (() if plan is None else plan.inventory.tensors) if each.name in set(tensors)]
    protected = any(row.protected is not None for row in desk.state.rows() if row.name in set(tensors))
    return AddRule(0, _pattern(chosen, what, list(tensors)), type_, protected=protected)


def _pattern(chosen: Sequence[TensorInfo], what: str, names: Sequence[str]) -> str:
    if what == "tensor" or not chosen:
        return _either(_escaped(name.removesuffix(".weight")) for name in names)
    inside = list(dict.fromkeys(each.role for each in chosen if _IN_BLOCK.match(each.name)))
    elsewhere = (each.name.removesuffix(".weight") for each in chosen if not _IN_BLOCK.match(each.name))
    outside = list(dict.fromkeys(map(_escaped, elsewhere)))
    layers = sorted({each.layer for each in chosen if each.layer is not None})
    blocks = "*" if what == "role" else _ranges(layers)
    parts = [*outside, *([f"blk.{blocks}.{_either(map(_escaped, inside))}"] if inside else [])]
    return _either(parts)


def _ranges(layers: Sequence[int]) -> str:
    """Return layers as a pattern: `{3..7}`, `{{0..3},9}`."""
    runs = []
    for _, run in groupby(enumerate(layers), lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        runs.append(str(numbers[0]) if len(numbers) == 1 else f"{{{numbers[0]}..{numbers[-1]}}}")
    return runs[0] if len(runs) == 1 else "{" + ",".join(runs) + "}"


def _either(texts: Iterable[str]) -> str:
    found = list(dict.fromkeys(texts))
    return found[0] if len(found) == 1 else "{" + ",".join(found) + "}"


def _escaped(name: str) -> str:
    return re.sub(r"([*?\[\]{}\\,$])", r"\\\1", name)


def _word_start(text: str, cursor: int) -> int:
    for start in range(cursor + 1):
        if _WORD.fullmatch(text, start, cursor) and (start == 0 or not re.match(r"[A-Za-z0-9_.]", text[start - 1])):
            return start
    return cursor


def _like(known: Iterable[tuple[str, str]], typed: str) -> list[tuple[str, str]]:
    """Return patterns that begin with all that was typed (`blk.*.ff`), or whose role does (`ff`)."""
    return [(name, meaning) for name, meaning in known if typed and typed != name and _begins(name, typed)]


def _begins(name: str, typed: str) -> bool:
    return name.startswith(typed) or name.rpartition(".")[2].startswith(typed)


def _variables(desk: Desk, typed: str) -> Iterable[tuple[str, str]]:
    outcome = desk.state.outcome
    values = {} if outcome is None else outcome.recipe.variables.values
    return ((name, str(found.value)) for name, found in values.items() if name.startswith(typed))


def _names(desk: Desk) -> list[tuple[str, str]]:
    plan = desk.state.plan
    tensors = () if plan is None else plan.inventory.tensors
    counts: dict[str, int] = {}
    for tensor in tensors:
        text = f"blk.*.{tensor.role}" if _IN_BLOCK.match(tensor.name) else tensor.name.removesuffix(".weight")
        counts[text] = counts.get(text, 0) + 1
    return [(name, f"{count} tensor{'s' * (count != 1)}") for name, count in counts.items()]


def _facts(desk: Desk) -> list[tuple[str, str]]:
    plan = desk.state.plan
    roles = dict.fromkeys(tensor.role for tensor in (() if plan is None else plan.inventory.tensors))
    words = (("and", "both"), ("or", "one of them"), ("not", "the opposite"), ("in", "one of a set, or of a range"))
    facts = [(fact.name, fact.meaning) for fact in FACTS.values()]
    functions = [(f"{name}(", "function") for name in desk.catalog.functions]
    return [*facts, *functions, *words, *((f"'{role}'", "role") for role in roles)]


def _types(desk: Desk) -> list[tuple[str, str]]:
    formats = desk.catalog.formats.items()
    bits = {name: "" if found.bits is None else f"{found.bits:g} bits" for name, found in formats}
    stored = [(name, bits[name]) for name, found in formats if not found.is_float]
    plain = [(name, bits[name]) for name, found in formats if found.is_float]
    fits = [(f"fit={name}", "how scales and codes are chosen") for name in desk.catalog.fits]
    return [("keep", "as the checkpoint has it"), *stored, *plain, *fits, ("any(", "a choice for `qrecipe budget`")]
