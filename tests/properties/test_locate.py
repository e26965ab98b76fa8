"""Every value of a valid TOML text is found, and what stands at its place is that value and nothing else."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from qrecipe.recipe.locate import KeyPath, Places

NAMES = st.one_of(
    st.sampled_from(["a", "b", "c-d", "e_f", "1"]), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=12)
BLANK = st.sampled_from(["", " ", "\t "])
GAP = st.sampled_from(["", " ", "\n", " # ], } \" ' [\n ", "\n\n\t"])


@st.composite
def keys(draw: st.DrawFn, name: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]+", name) and draw(st.booleans()):
        return name
    return (
        f"'{name}'" if "'" not in name and draw(st.booleans()) else json.dumps(name, ensure_ascii=draw(st.booleans()))
    )


@st.composite
def strings(draw: st.DrawFn) -> str:
    text = draw(TEXTS)
    style = draw(st.sampled_from(["basic", "literal", "long", "long literal"]))
    if style == "literal" and "'" not in text and "\n" not in text:
        return f"'{text}'"
    if style == "long literal" and "''" not in text:
        return f"'''{draw(st.sampled_from(['', chr(10)]))}{text}'''"
    if style == "long" and '""' not in text:
        escaped = text.replace("\\", "\\\\")
        return f'"""{escaped}"""'
    return json.dumps(text, ensure_ascii=False)


@st.composite
def values(draw: st.DrawFn, depth: int = 3) -> str:
    kind = draw(st.sampled_from(["string", "plain", "array", "table"] if depth else ["string", "plain"]))
    if kind == "string":
        return draw(strings())
    if kind == "plain":
        return draw(st.sampled_from(["1", "-7", "0x1f", "true", "false", "1.5", "2026-11-21", "2026-11-21 07:00:00"]))
    if kind == "array":
        members = draw(st.lists(values(depth - 1), max_size=3))
        end = draw(st.sampled_from(["", ","])) if members else ""
        inside = ",".join(draw(GAP) + member + draw(GAP) for member in members)
        return f"[{inside}{end}{draw(GAP)}]"
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    inside = ",".join(
        f"{draw(BLANK)}{draw(keys(name))}{draw(BLANK)}={draw(BLANK)}{draw(values(depth - 1))}" for name in names
    )
    return f"{{{inside}{draw(BLANK)}}}"


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines: list[str] = []
    for _ in range(draw(st.integers(0, 4))):
        header = draw(st.sampled_from(["", "[{}]", "[[{}]]", "[ {} ]"]))
        dotted = ".".join(draw(BLANK) + draw(keys(draw(NAMES))) for _ in range(draw(st.integers(1, 2))))
        lines.append(header.format(dotted) + draw(st.sampled_from(["", " # c"])))
        for _ in range(draw(st.integers(0, 3))):
            key = ".".join(draw(keys(draw(NAMES))) for _ in range(draw(st.integers(1, 2))))
            lines.append(f"{draw(BLANK)}{key}{draw(BLANK)}={draw(BLANK)}{draw(values())}{draw(BLANK)}")
    return "\n".join(lines)


def scalars(data: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(data, dict):
        for key, inner in data.items():
            yield from scalars(inner, (*path, key))
    elif isinstance(data, list):
        for index, inner in enumerate(data):
            yield from scalars(inner, (*path, index))
    else:
        yield path, data


@settings(max_examples=200, deadline=None)
@given(documents())
def test_every_value_stands_where_the_places_say(text: str) -> None:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a key twice: the places are for valid texts
    places = Places.of("f.toml", text)
    for path, value in scalars(data):
        start, end = places.values[path]
        assert tomllib.loads(f"x = {text[start:end]}")["x"] == value
        if isinstance(value, str):
            where = places.string(path, value)
            line = text.split("\n")[(where.line or 0) - 1]
            if where.verbatim:
                assert line[(where.column or 0) - 1 :].startswith(value)
