"""Edits of a recipe's own rules as edits of its text: everything else keeps its bytes.

A rule is a block of text: a `[[rules]]` table with the comment lines right above it, or a member of `rules = [ … ]`. A
rule that is switched off stays where it is, its lines behind `# off: `, and is no part of the recipe. Each edit returns
a new text that is still valid TOML, or raises `RecipeError`: then the text has to be edited by hand.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qrecipe.errors import Diagnostic, RecipeError
from qrecipe.recipe.edit_blocks import OFF, Block, blocks_of, quoted
from qrecipe.recipe.locate import Places

_KEYS = ("match", "when", "type", "why", "protected", "optional")
_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*targets[ \t]*\]\]?", re.MULTILINE)
Value = str | bool


@dataclass(frozen=True, slots=True)
class AddRule:
    """A new rule before the rule `at`, counted with those that are off; behind the last where there is no such."""

    at: int
    match: str
    type: str
    when: str = ""
    why: str = ""
    protected: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class DeleteRule:
    """A rule is taken out, with the comment above it."""

    index: int


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """A rule stands twice; the copy comes behind it."""

    index: int


@dataclass(frozen=True, slots=True)
class MoveRule:
    """A rule changes places, `by` of them: up if that is negative. It stops at the ends."""

    index: int
    by: int


@dataclass(frozen=True, slots=True)
class SwitchRule:
    """A rule is switched off, or on again."""

    index: int
    on: bool


@dataclass(frozen=True, slots=True)
class SetField:
    """A key of a rule gets a value; None takes it out."""

    index: int
    key: str
    value: Value | None


@dataclass(frozen=True, slots=True)
class SetVariable:
    """A variable of `[vars]` gets a value; it is added where there is none."""

    name: str
    value: str | int | bool


Edit = AddRule | DeleteRule | DuplicateRule | MoveRule | SwitchRule | SetField | SetVariable


def edited(text: str, edit: Edit) -> str:
    """Return the text with an edit made.

    Raises:
        RecipeError: The text is no TOML, there is no such rule, or the edit cannot be made here.
    """
    plain = text.replace("\r\n", "\n")
    ends = text.count("\r\n")
    if ends and ends != plain.count("\n"):
        raise RecipeError(_by_hand("its lines end in two different ways"))
    try:
        made = _EDITS[type(edit)](plain, edit)
        tomllib.loads(made)
    except ValueError as error:
        raise RecipeError(_by_hand(str(error))) from None
    return made.replace("\n", "\r\n") if ends else made


def _add(text: str, edit: AddRule) -> str:
    values: dict[str, Value] = {"match": edit.match, "when": edit.when, "type": edit.type, "why": edit.why}
    values |= {"protected": True} if edit.protected else {}
    values |= {"optional": True} if edit.optional else {}
    given = {key: value for key, value in values.items() if value != ""}
    blocks = blocks_of(text)
    if not blocks:
        return _first(text, given)
    inline = blocks[0].inline
    block = _member(given) if inline else _table(given)
    if edit.at < len(blocks):
        place = blocks[edit.at].start
        return text[:place] + block + ("" if inline else "\n") + text[place:]
    last = blocks[-1]
    if inline:
        return _with_comma(text, last, block)
    end = last.end
    return text[:end] + ("" if text[:end].endswith("\n") else "\n") + "\n" + block + text[end:]


def _first(text: str, given: dict[str, Value]) -> str:
    """Put the first rule before the targets, else at the end."""
    found = _HEADER.search(text)
    block = _table(given)
    if found is not None:
        return text[: found.start()] + block + "\n" + text[found.start() :]
    joint = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
    return text + joint + block


def _table(given: dict[str, Value]) -> str:
    return "[[rules]]\n" + "".join(f"{key} = {quoted(value)}\n" for key, value in given.items())


def _member(given: dict[str, Value]) -> str:
    return "  { " + ", ".join(f"{key} = {quoted(value)}" for key, value in given.items()) + " },\n"


def _with_comma(text: str, last: Block, member: str) -> str:
    """Put a member behind the last one of an array, which may lack its comma."""
    body = text[last.body.stop :]
    comma = re.match(r"[ \t]*,", body)
    if comma is None:
        head, rest = text[: last.body.stop] + ",", body
    else:
        head, rest = text[: last.body.stop + comma.end()], body[comma.end() :]
    line = re.match(r"[ \t]*(#[^\n]*)?\n", rest)
    if line is None:
        return f"{head}\n{member}{rest.lstrip(' ')}"
    return head + rest[: line.end()] + member + rest[line.end() :]


def _delete(text: str, edit: DeleteRule) -> str:
    block = _block(text, edit.index)
    rest = text[block.end :]
    if not block.inline and text[: block.start].endswith("\n\n"):
        rest = rest.removeprefix("\n")
    return text[: block.start] + rest


def _duplicate(text: str, edit: DuplicateRule) -> str:
    block = _block(text, edit.index)
    copy = text[block.start : block.end]
    if not block.inline:
        joint = "" if copy.endswith("\n") else "\n"
        return text[: block.end] + joint + "\n" + copy + text[block.end :]
    inner = text[block.body.start : block.body.stop]
    return text[: block.body.stop] + ",\n  " + inner + text[block.body.stop :]


def _move(text: str, edit: MoveRule) -> str:
    """Exchange the texts of neighbours until the rule is there: what stands between blocks stays where it is."""
    blocks = blocks_of(text)
    _block(text, edit.index)
    goal = min(max(edit.index + edit.by, 0), len(blocks) - 1)
    passed = blocks[min(edit.index, goal) : max(edit.index, goal) + 1]
    if blocks[0].inline and any(block.off for block in passed):
        return _move_lines(text, passed, to_end=goal > edit.index)
    bodies = [text[b.slot.start : b.slot.stop] for b in blocks]
    bodies.insert(goal, bodies.pop(edit.index))
    if not all(body.endswith("\n") for body in bodies) and not blocks[0].inline:
        bodies = [body if body.endswith("\n") else body + "\n" for body in bodies]
    parts, place = [], 0
    for block, body in zip(blocks, bodies, strict=True):
        parts += [text[place : block.slot.start], body]
        place = block.slot.stop
    return "".join(parts) + text[place:]


def _move_lines(text: str, passed: Sequence[Block], *, to_end: bool) -> str:
    """Move the first of an array's members to the end, or the last to the beginning, with their lines.

    One that is off is a comment, which needs its lines for itself; a comma is put behind each of the others.
    """
    if not all(block.whole_lines for block in passed):
        raise RecipeError(_by_hand("a rule shares its line with others"))
    bodies = [_with_own_comma(text, block) for block in passed]
    bodies = [*bodies[1:], bodies[0]] if to_end else [bodies[-1], *bodies[:-1]]
    parts, place = [], passed[0].start
    for block, body in zip(passed, bodies, strict=True):
        parts += [text[place : block.start], body if body.endswith("\n") else body + "\n"]
        place = block.end
    return text[: passed[0].start] + "".join(parts) + text[place:]


def _with_own_comma(text: str, block: Block) -> str:
    whole = text[block.start : block.end]
    behind = text[block.body.stop : block.end]
    if block.off or behind.lstrip(" \t").startswith(","):
        return whole
    return text[block.start : block.body.stop] + "," + behind


def _switch(text: str, edit: SwitchRule) -> str:
    block = _block(text, edit.index)
    if block.off is not edit.on:
        return text
    lines = text[block.lines.start : block.lines.stop]
    if edit.on:
        changed = "".join(line.removeprefix(OFF) for line in lines.splitlines(keepends=True))
    else:
        if not block.whole_lines:
            raise RecipeError(_by_hand("the rule shares its line with others"))
        changed = "".join(OFF + line for line in lines.splitlines(keepends=True))
    return text[: block.lines.start] + changed + text[block.lines.stop :]


def _set_field(text: str, edit: SetField) -> str:
    if edit.key not in _KEYS:
        raise RecipeError(_by_hand(f"a rule has no key {edit.key!r}"))
    block = _block(text, edit.index)
    if block.off:
        raise RecipeError(_by_hand("the rule is off; switch it on to edit it"))
    places = Places.of("", text)
    path = ("rules", block.number or 0, edit.key)
    found = places.values.get(path)
    if found is not None and edit.value is not None:
        return text[: found[0]] + quoted(edit.value) + text[found[1] :]
    if found is None:
        return text if edit.value is None else _new_key(text, block, edit.key, edit.value, places)
    return _without_key(text, block, places.keys[path][0], found[1])


def _new_key(text: str, block: Block, key: str, value: Value, places: Places) -> str:
    """Put a key behind the last one before it in the usual order."""
    before = _KEYS[: _KEYS.index(key)]
    there = [places.values[path] for name in before if (path := ("rules", block.number or 0, name)) in places.values]
    if block.inline:
        place = max((end for _, end in there), default=block.body.start + 1)
        return text[:place] + f", {key} = {quoted(value)}" + text[place:]
    place = max((end for _, end in there), default=places.values["rules", block.number or 0][1])
    line = text.find("\n", place)
    line = len(text) if line < 0 else line + 1
    joint = "" if text[:line].endswith("\n") else "\n"
    return text[:line] + f"{joint}{key} = {quoted(value)}\n" + text[line:]


def _without_key(text: str, block: Block, start: int, end: int) -> str:
    if block.inline:
        comma = re.match(r"[ \t]*,[ \t]*", text[end:])
        if comma is not None:
            return text[:start] + text[end + comma.end() :]
        return text[:start].rstrip(" \t").removesuffix(",") + text[end:]
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    return text[:first] + ("" if last < 0 else text[last + 1 :])


def _set_variable(text: str, edit: SetVariable) -> str:
    places = Places.of("", text)
    value = quoted(edit.value)
    found = places.values.get(("vars", edit.name))
    if found is not None:
        return text[: found[0]] + value + text[found[1] :]
    key = edit.name if re.fullmatch(r"[A-Za-z0-9_-]+", edit.name) else json.dumps(edit.name, ensure_ascii=False)
    table = places.values.get(("vars",))
    if table is None:
        block = f"[vars]\n{key} = {value}\n\n"
        place = min((b.start for b in blocks_of(text)), default=None)
        place = place if place is not None and not blocks_of(text)[0].inline else len(text)
        joint = "" if text[:place].endswith("\n") or not place else "\n"
        return text[:place] + joint + ("\n" if place == len(text) else "") + block + text[place:]
    if text[table[0]] == "{":
        inner = "" if text[table[0] + 1 : table[1] - 1].strip() == "" else ","
        return text[: table[1] - 1].rstrip() + f"{inner} {key} = {value} }}" + text[table[1] :]
    line = text.find("\n", table[1])
    line = len(text) if line < 0 else line + 1
    joint = "" if text[:line].endswith("\n") else "\n"
    return text[:line] + f"{joint}{key} = {value}\n" + text[line:]


def _block(text: str, index: int) -> Block:
    blocks = blocks_of(text)
    if not 0 <= index < len(blocks):
        raise RecipeError(_by_hand(f"the recipe has {len(blocks)} rules of its own; there is no rule {index}"))
    return blocks[index]


def _by_hand(why: str) -> Diagnostic:
    return Diagnostic(
        "edit-impossible",
        "this edit cannot be made to the recipe's text",
        why=why,
        fix="edit the text itself",
    )


_EDITS: dict[type, Callable[[str, object], str]] = {
    AddRule: _add,  # type: ignore[dict-item]
    DeleteRule: _delete,  # type: ignore[dict-item]
    DuplicateRule: _duplicate,  # type: ignore[dict-item]
    MoveRule: _move,  # type: ignore[dict-item]
    SwitchRule: _switch,  # type: ignore[dict-item]
    SetField: _set_field,  # type: ignore[dict-item]
    SetVariable: _set_variable,  # type: ignore[dict-item]
}
