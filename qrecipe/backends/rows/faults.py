"""What can go wrong while rows are read, encoded and written, in words; a function for each fault."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location

if TYPE_CHECKING:
    from qrecipe.types.format import TypeUse
    from qrecipe.types.source import StoredTensor
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import TensorInfo

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def not_as_planned(tensor: TensorInfo, stored: StoredTensor | None, reference: str) -> Diagnostic:
    """Plan and checkpoint disagree."""
    found = f"{stored.dtype} {list(stored.shape)}" if stored is not None else "missing"
    return Diagnostic(
        "checkpoint-differs",
        f"tensor {tensor.name!r} is {tensor.dtype} {list(tensor.shape)} in the plan and {found} in the checkpoint",
        Location(file=reference),
        why="the plan was made for another checkpoint, or this one changed since",
        fix="plan again",
    )


def undecodable(tensor: TensorInfo) -> Diagnostic:
    """A source dtype without a format."""
    return Diagnostic(
        "no-decoder",
        f"tensor {tensor.name!r} is stored as {tensor.dtype}, which nothing installed can decode",
        why="another type is made from the decoded weights",
        fix="install a plug-in that knows the type, or let a rule `keep` the tensor",
    )


def no_fit(tensor: TensorInfo, use: TypeUse, known: tuple[str, ...]) -> Diagnostic:
    """A fit that no plug-in offers."""
    return Diagnostic(
        "fit-missing",
        f"no fit {use.fit.name!r} is installed, which {use} of tensor {tensor.name!r} asks for",
        why="a fit chooses scales and codes, and none stands in for another",
        fix=f"install the plug-in that offers it, or choose among {', '.join(known)}",
    )


def importance_shape(tensor: TensorInfo, shape: tuple[int, ...]) -> Diagnostic:
    """An imatrix of another model."""
    wanted = [tensor.stacked, tensor.cols]
    return Diagnostic(
        "importance-shape",
        f"the imatrix has {list(shape)} values for tensor {tensor.name!r}, which needs {wanted}",
        why="there is one value for each column of each matrix",
        fix="take an imatrix of this model",
    )


def non_finite(tensor: TensorInfo, flat: int, value: float, file: str) -> Diagnostic:
    """NaN or infinity among the weights."""
    return Diagnostic(
        "weight-not-finite",
        f"tensor {tensor.name!r} holds {_spoken(value)} at {position(tensor, flat)} (element {flat})",
        Location(file=file, key_path=", ".join(tensor.source_names[:1])),
        why="one such value spoils whatever is computed with it, and the scale of all weights around it",
        fix="get the checkpoint again, or mend it where it is made",
    )


def dishonest_size(tensor: TensorInfo, use: TypeUse, got: int, promised: int) -> Diagnostic:
    """A codec whose `nbytes` and `encode` disagree."""
    return Diagnostic(
        "codec-size",
        f"the codec of {use.format.name} made {got} bytes for tensor {tensor.name!r} and had promised {promised}",
        why="every offset in the file counts on the promised size",
        fix=f"report it to whoever offers {use.format.name}; another type avoids it",
    )


def header_size(target: Target, got: int, planned: int | None) -> Diagnostic:
    """The job is not what was laid out."""
    return Diagnostic(
        "header-size",
        f"the header of target {target.name!r} has {got} bytes; the plan says {planned}",
        why="metadata or imatrix are not those that the plan was made with",
        fix="plan again; if that does not help, report it",
    )


def write_failed(path: Path, offset: int, error: OSError) -> Diagnostic:
    """The disk is full, or something else that the system says."""
    if error.errno in _NO_SPACE:
        return Diagnostic(
            "disk-full",
            f"no space is left for {path.name} (at byte {offset})",
            Location(file=str(path.parent)),
            why="the artifact is written beside its final name, at its full size",
            fix="free some space, or write to another disk, and build again",
        )
    return Diagnostic(
        "write-failed",
        f"{path.name} cannot be written (at byte {offset}): {error.strerror}",
        Location(file=str(path.parent)),
        why="the system refused it",
        fix="see to the folder's disk and permissions, and build again",
    )


def position(tensor: TensorInfo, flat: int) -> str:
    """Return the index of an element as `[row, col]`, with as many numbers as the tensor has dimensions."""
    index: list[int] = []
    for n in reversed(tensor.shape):
        flat, i = divmod(flat, n)
        index.append(i)
    return str(index[::-1])


def _spoken(value: float) -> str:
    return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}.get(str(value), str(value))


def lock_version(file: str, found: object, known: int) -> Diagnostic:
    """A lock from the future."""
    return Diagnostic(
        "lock-version",
        f"the lock is of version {found}; this release reads version {known}",
        Location(file=file, key_path="qrecipe.lock"),
        why="another release of qrecipe made the file, or the number is damaged",
        fix="update qrecipe; if no release reads it, download the file again",
    )


def lock_damaged(file: str, key: str, why: str) -> Diagnostic:
    """A lock that qrecipe did not write so."""
    return Diagnostic(
        "lock-damaged",
        f"the lock of this file is damaged at {key}",
        Location(file=file, key_path=key),
        why=why,
        fix="download or build the file again; a tool that edits metadata may have taken or changed the key",
    )
