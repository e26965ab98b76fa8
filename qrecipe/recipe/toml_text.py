"""Values and keys as TOML text, for recipes that the tool writes. Whatever goes in, `tomllib` reads it back.

The text is printable: what is not (escapes, marks that turn the direction) stands as its number. Half of a surrogate
pair, as Python makes of file names that are no UTF-8, is no character of TOML and becomes U+FFFD.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def toml_value(value: Any) -> str:  # noqa: ANN401 - any value of TOML
    """Return a value as TOML; JSON's strings are TOML's where all is printable."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return "".join(map(_shown, json.dumps(value, ensure_ascii=False)))
        case Mapping():
            return "{ " + ", ".join(f"{toml_key(key)} = {toml_value(inner)}" for key, inner in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(toml_value, value)) + "]"
        case _:
            return str(value)


def toml_key(key: str) -> str:
    """Return a key as TOML, in quotes where it needs them."""
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else toml_value(key)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    number = ord(character)
    if 0xD800 <= number < 0xE000:  # noqa: PLR2004 - the surrogates
        return "\\ufffd"
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"
