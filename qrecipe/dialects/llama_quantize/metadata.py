"""`--override-kv KEY=TYPE:VALUE` as a target's metadata."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from qrecipe.dialects.llama_quantize.faults import refused

if TYPE_CHECKING:
    from qrecipe.errors import Location
    from qrecipe.types.metadata import Scalar

_FORM = re.compile(r"([^=]{1,127})=(int|float|bool|str):(.*)", re.DOTALL)
_NUMBER = re.compile(r"\s*([+-]?\d{1,18})")
_REAL = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_MOST_TEXT = 127
_DECIDE = re.compile(
    r"general\.architecture|[^.]+\.(block_count|expert_count|attention\.head_count(_kv)?|nextn_predict_layers)"
)


def overridden(word: str, where: Location) -> tuple[str, Scalar]:
    """Return key and value; RecipeError points at what no recipe can say."""
    form = _FORM.fullmatch(word)
    value = None if form is None else _value(form[2], form[3])
    if form is None or value is None:
        why = "it reads KEY=TYPE:VALUE; TYPE is int, float, bool (true or false) or str (127 bytes at most)"
        fix = "write general.name=str:mine say"
        raise refused("command-value", "this is no override of metadata", where, why=why, fix=fix)
    if _DECIDE.fullmatch(form[1]):
        raise refused(
            "command-unsupported",
            f"an override of {form[1]} cannot be a recipe",
            where,
            why="llama-quantize chooses types by it, and a recipe takes it from the model",
            fix="correct the model's metadata first",
        )
    return form[1], value


def _value(kind: str, text: str) -> Scalar | None:
    """Return the value that llama-quantize writes: integers lose their sign, floats are rounded to 32 bits."""
    match kind:
        case "int":
            found = _NUMBER.match(text)
            return (abs(int(found[1])) if found else 0) & 0xFFFFFFFF
        case "float":
            found = _REAL.match(text)
            return _rounded(float(found[1]) if found else 0.0)
        case "bool":
            return {"true": True, "false": False}.get(text)
        case _:
            return text if len(text.encode(errors="replace")) <= _MOST_TEXT else None


def _rounded(value: float) -> float | None:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return None
