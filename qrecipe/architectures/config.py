"""config.json, read with suspicion: every key has a kind and bounds, and a fault names the file and the key path.

`text_config` is laid over the top level, as llama.cpp's converter does, and both over the defaults of transformers'
config class, which the converter sees too. A key that is null counts as given: what needs a value refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location, SourceError

if TYPE_CHECKING:
    from qrecipe.types.source import Checkpoint

BLOCKS_MOST = 512
"""Blocks that llama.cpp loads (`LLAMA_MAX_LAYERS`)."""
EXPERTS_MOST = 1024
"""Experts that llama.cpp loads (`LLAMA_MAX_EXPERTS`)."""
SIZE_MOST = 1 << 30
"""Of one dimension; far more than any model has, and few enough that a product of two is no absurdity."""
HEADS_MOST = HEAD_MOST = 1 << 16
"""Heads of a block, and dimensions of a head."""
_U32 = (1 << 32) - 1
_F32 = 3.4028234663852886e38
_TEXT = "text_config"
_SHOWN = 60
_FIX = "compare it with the config.json that the model was published with"


@dataclass(frozen=True, slots=True)
class Settings:
    """Keys of config.json with their values.

    Attributes:
        values: What holds, defaults included.
        file: config.json, as users know it.
        inside: The key path of the table, with its final dot; empty at the top.
        nested: Keys whose values stand in `text_config`.
    """

    values: Mapping[str, object]
    file: str
    inside: str = ""
    nested: frozenset[str] = frozenset()

    def place(self, key: str) -> Location:
        """Return where a key stands."""
        below = f"{_TEXT}." if key in self.nested else ""
        return Location(self.file, f"{self.inside}{below}{key}")

    def given(self, key: str) -> bool:
        """Say whether a key has a value that is not null."""
        return self.values.get(key) is not None

    def integer(self, key: str, *, least: int = 1, most: int = _U32) -> int:
        """Return a whole number within bounds; SourceError without one."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refused(key, f"it has to be a whole number from {least} to {most}")
        return value

    def number(self, key: str) -> float:
        """Return a finite number that float32 holds; SourceError without one."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not _in_float32(value):
            raise self.refused(key, "it has to be a finite number")
        return float(value)

    def flag(self, key: str) -> bool:
        """Return true or false; false where the key is missing or null."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.refused(key, "it has to be true or false")
        return bool(value)

    def word(self, key: str) -> str:
        """Return a string; empty where the key is missing or null."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self.refused(key, "it has to be a string")
        return value or ""

    def words(self, key: str, *, among: Sequence[str], count: int) -> tuple[str, ...]:
        """Return a list of `count` strings, each one of `among`."""
        value = self._value(key)
        if not isinstance(value, list) or any(each not in among for each in value):
            raise self.refused(key, f"it has to be a list of {' and '.join(map(repr, among))}")
        if len(value) != count:
            why = f"`num_hidden_layers` is {count}, and the list has {len(value)}"
            raise SourceError(self.fault(key, f"`{key}` does not say the kind of each block", why))
        return tuple(value)

    def table(self, key: str) -> Settings:
        """Return the settings of a nested table, without any where the key is missing or null."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, Mapping):
            raise self.refused(key, "it has to be a table")
        return Settings(value or {}, self.file, f"{self.place(key).key_path}.")

    def tables(self, key: str) -> Mapping[str, Settings]:
        """Return nested tables by key."""
        outer = self.table(key)
        return {each: outer.table(each) for each in outer.values}

    def refused(self, key: str, why: str) -> SourceError:
        """Return the error for a value of a wrong kind, for the caller to raise."""
        return SourceError(self.fault(key, f"`{key}` is {_shown(self.values.get(key))}", why))

    def fault(self, key: str, what: str, why: str) -> Diagnostic:
        """Return the finding that a key's value cannot be right."""
        return Diagnostic("config-bad-value", what, self.place(key), why, _FIX)

    def variant(self, key: str, what: str) -> SourceError:
        """Return the error for a kind of model that is not converted, for the caller to raise."""
        return variant(what, self.place(key), f"config.json has `{key}`: {_shown(self.values.get(key))}")

    def _value(self, key: str) -> object:
        value = self.values.get(key)
        if value is None:
            lacks = "is null" if key in self.values else "is missing"
            why = "without it the model's shape is not known"
            raise SourceError(Diagnostic("config-key-missing", f"`{key}` {lacks}", self.place(key), why, _FIX))
        return value


def config_file(checkpoint: Checkpoint) -> str:
    """Return what messages call config.json."""
    if "://" in checkpoint.reference or checkpoint.folder is None:
        return f"{checkpoint.reference.rstrip('/')}/config.json" if checkpoint.folder is not None else "config.json"
    return str(checkpoint.folder / "config.json")


def settings_of(checkpoint: Checkpoint, defaults: Mapping[str, object]) -> Settings:
    """Return a checkpoint's settings over the defaults of its config class."""
    top = Settings(checkpoint.config or {}, config_file(checkpoint))
    text = top.table(_TEXT).values
    return Settings({**defaults, **top.values, **text}, top.file, nested=frozenset(text))


def model_classes(config: Mapping[str, object]) -> tuple[str, ...]:
    """Return the classes that config.json names first, the one in `text_config` before the one at the top."""
    text = config.get(_TEXT)
    tables = (text, config) if isinstance(text, Mapping) else (config,)
    return tuple(found for table in tables if (found := _first(table.get("architectures"))))


def variant(what: str, where: Location, why: str = "") -> SourceError:
    """Return the error for a kind of model that is not converted, for the caller to raise."""
    fix = "convert this model with llama.cpp's convert_hf_to_gguf.py, and make the GGUF file the source"
    return SourceError(Diagnostic("model-variant-unknown", what, where, why, fix))


def _first(value: object) -> str:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], str) else ""


def _in_float32(value: float) -> bool:
    return abs(value) <= _F32 if isinstance(value, int) else isfinite(value) and abs(value) <= _F32


def _shown(value: object) -> str:
    text = "null" if value is None else repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
