"""The JSON files of a folder artifact, as bytes of a size that is known beforehand: config.json and the index."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from qrecipe.backends.folder.lock import UNSEALED
from qrecipe.backends.folder.options import FolderOptions

if TYPE_CHECKING:
    from qrecipe.backends.folder.layout import Shards
    from qrecipe.types.target import Target


def config_json(
    source: Mapping[str, object], added: Mapping[str, object], target: Target, lock_digest: str | None
) -> bytes:
    """Return config.json: the checkpoint's, with what the family adds, the dtype that the target asks for, the lock's.

    Args:
        source: The checkpoint's config.json.
        added: The family's keys.
        target: The target.
        lock_digest: SHA-256 of the lock; zeros where it is not known yet, None without a lock.
    """
    found = {**_with_dtype(source, target), **added}
    if lock_digest is not None:
        found["qrecipe"] = {"lock": lock_digest}
    return (json.dumps(found, ensure_ascii=False, indent=2) + "\n").encode("utf-8", errors="surrogateescape")


def unsealed(config: bytes, digest: str) -> bytes:
    """Return config.json with the digits of the lock's digest as zeros."""
    return config.replace(f'"lock": "{digest}"'.encode(), f'"lock": "{UNSEALED}"'.encode())


def index_json(shards: Shards) -> bytes:
    """Return the index: which file has which array."""
    found = {"metadata": {"total_size": shards.data_bytes}, "weight_map": shards.weight_map}
    return (json.dumps(found, ensure_ascii=False, indent=2) + "\n").encode("utf-8", errors="surrogateescape")


def _with_dtype(source: Mapping[str, object], target: Target) -> dict[str, object]:
    asked = target.options.dtype if isinstance(target.options, FolderOptions) else "auto"
    if asked == "auto":
        return dict(source)
    named = {key: asked for key in ("dtype", "torch_dtype") if key in source} or {"dtype": asked}
    text = source.get("text_config")
    inner = {key: asked for key in ("dtype", "torch_dtype") if key in text} if isinstance(text, Mapping) else {}
    parts = {"text_config": {**text, **inner}} if isinstance(text, Mapping) and inner else {}
    return {**source, **named, **parts}
