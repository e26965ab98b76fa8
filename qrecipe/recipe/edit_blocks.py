"""Where the rules of a recipe stand in its text, those that are switched off included."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qrecipe.recipe.locate import Places

OFF = "# off: "
_OFF_LINES = re.compile(rf"(?:^{re.escape(OFF)}[^\n]*(?:\n|\Z))+", re.MULTILINE)
_COMMENTS = re.compile(r"(?:^[ \t]*#[^\n]*\n)+\Z", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One rule in the text.

    Attributes:
        start: Where it begins, comment lines right above it included.
        end: Where the next thing may begin.
        body: The rule without comments: a table, or a member of the array.
        lines: All lines that hold the body, which `# off: ` stands in front of.
        inline: It is a member of `rules = [ … ]`.
        number: Its place among the rules that are on; None for one that is off.
        values: Its keys.
    """

    start: int
    end: int
    body: slice
    lines: slice
    inline: bool
    number: int | None
    values: Mapping[str, Any] = field(default_factory=dict)
    whole_lines: bool = True

    @property
    def off(self) -> bool:
        """It is switched off."""
        return self.number is None

    @property
    def slot(self) -> slice:
        """What moves when the rule does: all of a table, comments included; of an array's member, itself."""
        return self.body if self.inline and not self.off else slice(self.start, self.end)


def blocks_of(text: str) -> tuple[Block, ...]:
    """Return the rules of a valid TOML text in its order."""
    data = tomllib.loads(text)
    rules = data.get("rules")
    rules = rules if isinstance(rules, list) else []
    places = Places.of("", text)
    array = places.values.get(("rules",))
    inline = array is not None and text.startswith("[", array[0]) and not text.startswith("[[", array[0])
    find = _member if inline else _table
    found = [find(text, places, number, values) for number, values in enumerate(rules)]
    return tuple(sorted((*found, *_switched_off(text, found)), key=lambda block: block.body.start))


def quoted(value: str | int | bool) -> str:
    """Return a value as TOML writes it, in literal quotes where that saves escapes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if ('"' in value or "\\" in value) and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _table(text: str, places: Places, number: int, values: Mapping[str, Any]) -> Block:
    """Return the block of a `[[rules]]` table: from its header's line to the line of its last value."""
    header = places.values["rules", number]
    start = text.rfind("\n", 0, header[0]) + 1
    ends = [end for path, (_, end) in places.values.items() if path[:2] == ("rules", number)]
    line = text.find("\n", max(ends))
    end = len(text) if line < 0 else line + 1
    return Block(_with_comments(text, start), end, slice(start, end), slice(start, end), False, number, values)


def _member(text: str, places: Places, number: int, values: Mapping[str, Any]) -> Block:
    start, end = places.values["rules", number]
    first = text.rfind("\n", 0, start) + 1
    comma = re.match(r"[ \t]*,", text[end:])
    stop = end if comma is None else end + comma.end()
    rest = re.match(r"[ \t]*(#[^\n]*)?(\n|\Z)", text[stop:])
    alone = text[first:start].strip() == "" and rest is not None
    if not alone or rest is None:
        return Block(start, stop, slice(start, end), slice(first, stop), True, number, values, whole_lines=False)
    last = stop + rest.end()
    return Block(_with_comments(text, first), last, slice(start, end), slice(first, last), True, number, values)


def _with_comments(text: str, start: int) -> int:
    """Return where the comment lines right above a line begin; lines of a rule that is off are none."""
    found = _COMMENTS.search(text, 0, start)
    if found is None:
        return start
    lines = found[0].splitlines(keepends=True)
    while any(line.startswith(OFF) for line in lines):
        lines.pop(0)
    return start - sum(map(len, lines))


def _switched_off(text: str, on: Sequence[Block]) -> Iterator[Block]:
    inline = bool(on) and on[0].inline
    for run in _OFF_LINES.finditer(text):
        at = run.start()
        for lines in _rules_in(run[0]):
            span = slice(at, at + len(lines))
            plain = "".join(line.removeprefix(OFF) for line in lines.splitlines(keepends=True))
            values = _values(plain)
            if values is not None:
                start = _with_comments(text, at)
                yield Block(start, span.stop, span, span, inline or "[[" not in plain, None, values)
            at += len(lines)


def _rules_in(run: str) -> Iterator[str]:
    """Yield the texts of rules that are off and stand one right behind the other."""
    lines: list[str] = []
    for line in run.splitlines(keepends=True):
        head = line.removeprefix(OFF).lstrip()
        if lines and head.startswith(("[[", "{")):
            yield "".join(lines)
            lines = []
        lines.append(line)
    yield "".join(lines)


def _values(plain: str) -> Mapping[str, Any] | None:
    """Return the keys of one rule's text; None for what is none."""
    text = plain if plain.lstrip().startswith("[[") else f"rules = [\n{plain}\n]"
    try:
        found = tomllib.loads(text).get("rules")
    except ValueError:
        return None
    return found[0] if isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict) else None
