"""`general.sampling.*`: the settings that generation_config.json recommends, as llama.cpp's converter takes them.

gguf 0.19.0 on PyPI does not know `repetition_penalty`; llama.cpp b11434 takes it where `penalty_repeat` is missing, and
so does this. A file or value that cannot be read is passed over with a warning: a model runs without.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from qrecipe.architectures.tokenizer.documents import SETTINGS, parsed
from qrecipe.errors import Diagnostic, Location, SourceError
from qrecipe.types.metadata import MetadataEntry, MetadataKind, Scalar

_KEYS = {  # in the order in which they are written
    "sequence": ("sequence", MetadataKind.STRING),
    "top_k": ("top_k", MetadataKind.INT32),
    "top_p": ("top_p", MetadataKind.FLOAT32),
    "min_p": ("min_p", MetadataKind.FLOAT32),
    "xtc_probability": ("xtc_probability", MetadataKind.FLOAT32),
    "xtc_threshold": ("xtc_threshold", MetadataKind.FLOAT32),
    "temp": ("temperature", MetadataKind.FLOAT32),
    "penalty_last_n": ("penalty_last_n", MetadataKind.INT32),
    "penalty_repeat": ("penalty_repeat", MetadataKind.FLOAT32),
    "mirostat": ("mirostat", MetadataKind.INT32),
    "mirostat_tau": ("mirostat_tau", MetadataKind.FLOAT32),
    "mirostat_eta": ("mirostat_eta", MetadataKind.FLOAT32),
}


def sampling_entries(folder: Path) -> tuple[tuple[MetadataEntry, ...], tuple[Diagnostic, ...]]:
    """Return entries and warnings."""
    path = folder / "generation_config.json"
    if not path.is_file():
        return (), ()
    try:
        settings = parsed(path, SETTINGS)
    except SourceError as error:
        return (), (_unread(path, error.diagnostics[0].what),)
    settings.setdefault("penalty_repeat", settings.get("repetition_penalty"))
    found = list(_found(settings, path))
    entries = tuple(one for one in found if isinstance(one, MetadataEntry))
    return entries, tuple(one for one in found if isinstance(one, Diagnostic))


def _found(settings: Mapping[str, object], path: Path) -> Iterator[MetadataEntry | Diagnostic]:
    for key, (name, kind) in _KEYS.items():
        value = settings.get(name)
        if value is None or value == "":
            continue
        entry = _entry(f"general.sampling.{key}", kind, value)
        yield entry if entry is not None else _strange(path, name, value)


def _entry(key: str, kind: MetadataKind, value: object) -> MetadataEntry | None:
    """Return the entry, None for a value of another kind, or one that the kind cannot hold."""
    match kind, value:
        case _, bool():
            return None
        case (MetadataKind.STRING, str(fit)) | (MetadataKind.INT32, int(fit)):
            scalar: Scalar = fit
        case MetadataKind.FLOAT32, int(fit) | float(fit):
            scalar = fit
        case _:
            return None
    try:
        return MetadataEntry.of(key, kind, scalar)
    except (struct.error, OverflowError):
        return None


def _unread(path: Path, why: str) -> Diagnostic:
    return Diagnostic(
        "sampling-unread",
        "generation_config.json cannot be read, so its settings are left out",
        Location(file=str(path)),
        why=why,
        fix="download the file again, or take it out of the folder",
        severity="warning",
    )


def _strange(path: Path, name: str, value: object) -> Diagnostic:
    return Diagnostic(
        "sampling-value",
        f"{name} = {value!r:.60} is no value for a sampler and is left out",
        Location(file=str(path), key_path=name),
        why="GGUF stores a number of 32 bits there",
        fix='correct the value, or set it on the target: metadata."general.sampling.top_k" = 64',
        severity="warning",
    )
