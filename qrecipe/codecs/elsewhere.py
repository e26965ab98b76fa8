"""The error for types that qrecipe knows by name and whose bytes another backend's codec makes."""

from __future__ import annotations

from qrecipe.errors import Diagnostic, PlanError


def no_codec(name: str) -> PlanError:
    """Return the error to raise."""
    return PlanError(
        Diagnostic(
            "no-codec",
            f"nothing installed encodes or decodes {name}",
            why="its bytes are laid out by the backend that stores it, and that backend brings the codec",
            fix="install a backend's plug-in that stores it; `qrecipe plugins` lists what is installed",
        )
    )
