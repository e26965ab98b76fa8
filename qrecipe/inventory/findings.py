"""Pydantic's findings about an inventory file, in our words: users know keys and values, not models and validators."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_KEYS = (
    *("inventory", "arch", "mapped", "facts", "protected", "tensors"),
    *("name", "shape", "dtype", "gguf_dtype", "sources", "blocks"),
    *("n_layers", "n_experts", "n_embd", "n_vocab", "n_heads", "n_kv_heads", "n_mtp_layers"),
)
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "extra_forbidden": "there is no such key",
        "missing": "this key is missing",
        "int_type": "it must be an integer",
        "string_type": "it must be a string",
        "list_type": "it must be a list",
        "bool_type": "it must be true or false",
        "model_type": "it must be a table",
        "too_short": "it must not be empty",
        "string_too_short": "it must not be empty",
        "too_long": "it has too many elements",
        "string_too_long": "it is too long",
        "greater_than_equal": "it must be at least {ge}",
        "less_than": "it must be less than {lt}",
        "literal_error": "this release reads version {expected} of inventory files",
    }
)


def in_our_words(finding: ErrorDetails, file: str, fix: str) -> Diagnostic:
    """Return the diagnostic for one finding; a new kind of finding keeps pydantic's words."""
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in finding["loc"]).lstrip(".")
    words = _WORDS.get(finding["type"])
    what = words.format(**finding.get("ctx", {})) if words is not None else finding["msg"]
    last = str(finding["loc"][-1]) if finding["loc"] else ""
    near = difflib.get_close_matches(last, _KEYS, n=1) if finding["type"] == "extra_forbidden" else []
    if near:
        fix = f"did you mean {near[0]!r}? {fix}"
    return Diagnostic("inventory-invalid", what, Location(file=file, key_path=key), fix=fix)
