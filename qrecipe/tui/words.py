"""Quantities and types as text of known width. Pure functions; sizes come in bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence

_UNITS = {"": 1, "b": 1}
_UNITS |= {f"{prefix}{tail}": 1000**power for power, prefix in enumerate("kmgt", 1) for tail in ("", "b")}
_UNITS |= {f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)}
_CELL = 4


def signed(nbytes: int) -> str:
    """Return a difference to the byte; nothing is `±0`.

    >>> signed(-1234), signed(0)
    ('−1,234', '±0')
    """
    return f"{nbytes:+,}".replace("-", "−") if nbytes else "±0"


def count(number: int, noun: str) -> str:
    """Return `1 tensor`, `2 tensors`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shape(dimensions: Sequence[int]) -> str:
    """Return `49152×576`, outermost first."""
    return "×".join(map(str, dimensions)) or "a number"


def parse_size(text: str) -> int | None:
    """Return the bytes that a person means; None where that is no size.

    >>> parse_size("18 GB"), parse_size("16GiB"), parse_size("17,271,886,400"), parse_size("much")
    (18000000000, 17179869184, 17271886400, None)
    """
    found = re.fullmatch(r"\s*([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", text)
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        return None
    return round(float(found[1].replace(",", "").replace("_", "")) * unit)


def short_type(text: str) -> str:
    """Return a type in at most four characters, for a cell of the grid; no two of ggml's types look alike.

    >>> [short_type(name) for name in ("Q4_0(fit=lattice)", "IQ2_XXS", "IQ2_XS", "MXFP4", "TQ1_0", "BF16")]
    ['Q4_0', 'I2xx', 'I2xs', 'MXF4', 'T1_0', 'BF16']
    """
    name = text.partition("(")[0].strip()
    if len(name) <= _CELL:
        return name
    if name.startswith("IQ"):
        return f"I{name[2:].replace('_', '').lower()}"[:_CELL]
    if name.startswith("TQ"):
        return f"T{name[2:]}"[:_CELL]
    plain = name.replace("_", "")
    return plain[:_CELL] if len(plain) <= _CELL else plain[: _CELL - 1] + plain[-1]


def heading_words(role: str) -> tuple[str, ...]:
    """Return a role in pieces of at most four characters, to stand above each other over a column.

    >>> heading_words("post_attention_norm"), heading_words("ffn_gate_up_exps")
    (('post', 'attn', 'norm'), ('ffn', 'gate', 'up', 'exps'))
    """
    return tuple(_SHORT.get(word, word[:_CELL]) for word in re.split(r"[_.]", role) if word)


_SHORT = {"attention": "attn", "output": "out", "layer": "layr", "scale": "scal", "weight": "wght", "token": "tok"}


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` in exactly `width` characters; what is cut off is marked by `…`."""
    if len(text) > width:
        return text[: max(width - 1, 0)] + "…" if width else ""
    return text.rjust(width) if right else text.ljust(width)
