"""JSON from files that nobody vouches for: UTF-8, no key twice, no NaN, nested at most 32 deep, an object at the top.

The time that a text takes is linear in its length, whatever it holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Never

from qrecipe.sources.fault import GET_AGAIN, Place, fault

_DEEPEST = 32
_DIGITS_MOST = 100  # far more than any size, and few enough to be read at once
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # ends with the text too: a failed match would be tried anew
_OPEN = b"[{"
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def parse_object(raw: bytes, place: Place, what: str) -> dict[str, object]:
    """Return the object that `raw` holds; `what` names it in messages."""
    if _depth(raw) > _DEEPEST:
        raise fault("json-too-deep", place, f"{what} nests more than {_DEEPEST} deep")
    try:
        found = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_int=_integer,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise fault("json-invalid", place, f"{what} is no valid JSON", why=_said(error), fix=GET_AGAIN) from None
    if not isinstance(found, dict):
        raise fault("json-invalid", place, f"{what} is no JSON object")
    return found


def _said(error: ValueError | RecursionError) -> str:
    match error:
        case json.JSONDecodeError():
            return f"in line {error.lineno}, column {error.colno}: {error.msg[:1].lower()}{error.msg[1:]}"
        case UnicodeDecodeError():
            return f"byte {error.start} of it is no UTF-8"
    return str(error)


def _depth(raw: bytes) -> int:
    """Return how deep brackets nest outside strings, the first that is too deep; the parser would go on and on."""
    depth = deepest = 0
    for bracket in _STRING.sub(b"", raw).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in _OPEN else -1
        if depth > deepest:
            deepest = depth
            if deepest > _DEEPEST:
                break
    return deepest


def _without_repeats(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {key!r} stands twice")
        found[key] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS_MOST:
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")
