"""Values and keys as TOML text, for recipes that the tool writes. Whatever goes in, `tomllib` reads it back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def toml_value(value: Any) -> str:  # noqa: ANN401 - any value of TOML
    """Return a value as TOML; JSON's strings are TOML's but for one character."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Mapping():
            return "{ " + ", ".join(f"{toml_key(key)} = {toml_value(inner)}" for key, inner in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(toml_value, value)) + "]"
        case _:
            return str(value)


def toml_key(key: str) -> str:
    """Return a key as TOML, in quotes where it needs them."""
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else toml_value(key)
