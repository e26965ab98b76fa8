"""What the shell offers for a RECIPE: shipped names and files. It loads next to nothing, because somebody waits."""

from __future__ import annotations

import os


def recipes(incomplete: str) -> list[str]:
    """Return shipped recipes and TOML files that begin with what is typed."""
    import qrecipe

    return [name for name in qrecipe.shipped_recipes() if name.startswith(incomplete)] + _files(incomplete, ".toml")


def recipes_and_plans(incomplete: str) -> list[str]:
    """Return the same, and JSON files."""
    return recipes(incomplete) + _files(incomplete, ".json")


def _files(incomplete: str, suffix: str) -> list[str]:
    """Return matching files of one folder; where there are none, the shell completes paths as it always does."""
    folder, slash, start = incomplete.rpartition("/")
    try:
        names = sorted(os.listdir(os.path.expanduser(folder + slash) or "."))  # noqa: PTH111, PTH208 - text in, text out
    except OSError:
        return []
    seen = [name for name in names if name.startswith(start) and (start.startswith(".") or not name.startswith("."))]
    return [f"{folder}{slash}{name}" for name in seen if name.endswith(suffix)]
