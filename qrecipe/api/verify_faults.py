"""What verifying may find, in words: a function for each difference. `where` is a tensor, or a range of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location

if TYPE_CHECKING:
    from qrecipe.types.lock import LockedTensor
    from qrecipe.types.source import StoredTensor

AGAIN = "download the file again; if it is the same then, whoever published it has to mend it"
_OTHER_SOURCE = "give the source that the lock names, as it was when the artifact was built"


def header(file: str, nbytes: int) -> Diagnostic:
    """The header's own digest."""
    return Diagnostic(
        "verify-header",
        "the header is not as it was written",
        Location(file=file, key_path=f"header, bytes 0 to {nbytes}"),
        why="its SHA-256 is not the one that it states: metadata, names, shapes, types or offsets have changed",
        fix=f"{AGAIN}; if its metadata was edited with another tool, this is the difference",
    )


def tensor_type(where: Location, tensor: StoredTensor, locked: LockedTensor) -> Diagnostic:
    """The table and the lock disagree."""
    return Diagnostic(
        "verify-type",
        f"tensor {tensor.name!r} is stored as {tensor.dtype}; the lock says {locked.dtype or locked.type}",
        where,
        why="the lock states the type of each tensor as it was decided",
        fix=AGAIN,
    )


def tensor_digest(where: Location, tensor: StoredTensor, *, sealed: bool) -> Diagnostic:
    """The bytes of a tensor, or those of its digest where the header is not sealed."""
    doubt = "" if sealed else "; the header is not as it was written either, so the lock may be what is wrong"
    return Diagnostic(
        "verify-tensor",
        f"tensor {tensor.name!r} is not as it was written",
        where,
        why=f"its SHA-256 is not the one in the lock{doubt}",
        fix=AGAIN,
    )


def lock_unnamed(folder: str) -> Diagnostic:
    """A lock beside a config.json that is another artifact's, or none."""
    return Diagnostic(
        "verify-lock-unnamed",
        "nothing can be held against the lock, qrecipe.lock.json",
        Location(file=folder),
        why="config.json lacks its digest (`qrecipe.lock`) or how weights are stored; one that was built has both",
        fix=AGAIN,
    )


def lost(artifact: str, names: Sequence[str]) -> Diagnostic:
    """Tensors of the lock that are not there."""
    return Diagnostic(
        "verify-lost",
        f"the artifact lacks {_named(names)} of its lock",
        Location(file=artifact),
        why="the lock lists every tensor that was built",
        fix=AGAIN,
    )


def unlocked(artifact: str, names: Sequence[str]) -> Diagnostic:
    """Tensors that the lock does not know."""
    return Diagnostic(
        "verify-unlocked",
        f"the artifact holds {_named(names)}, of which its lock says nothing",
        Location(file=artifact),
        why="the lock lists every tensor that was built",
        fix=AGAIN,
    )


def padding(file: str, behind: str, start: int, count: int) -> Diagnostic:
    """Padding with something in it."""
    return Diagnostic(
        "verify-padding",
        f"the padding behind {behind} holds {_bytes(count, 'that is', 'that are')} not zero",
        Location(file=file, key_path=f"padding from byte {start}"),
        why="padding is zeros; nothing reads it, so something may hide in it",
        fix=AGAIN,
    )


def trailing(file: str, start: int, nbytes: int) -> Diagnostic:
    """Bytes behind the end."""
    return Diagnostic(
        "verify-trailing",
        f"behind the last tensor, the file goes on for {_bytes(nbytes, 'that belongs', 'that belong')} to nothing",
        Location(file=file, key_path=f"bytes {start} to {start + nbytes}"),
        why="an artifact ends with the padding of its last tensor",
        fix=AGAIN,
    )


def source_headers(source: str, named: str) -> Diagnostic:
    """Another checkpoint, or another version of it."""
    return Diagnostic(
        "verify-source",
        f"{source} is not the source of this artifact",
        why=f"the lock names {named}, whose headers have another SHA-256",
        fix=_OTHER_SOURCE,
    )


def source_tensor(source: str, tensor: StoredTensor) -> Diagnostic:
    """The source's weights changed."""
    return Diagnostic(
        "verify-source-tensor",
        f"tensor {tensor.name!r} of the source is not the one that the artifact was made from",
        Location(file=source, key_path=tensor.name),
        why="its SHA-256 is not the one in the lock",
        fix=_OTHER_SOURCE,
    )


def not_in_source(source: str, tensor: StoredTensor) -> Diagnostic:
    """Nothing to compare with."""
    return Diagnostic(
        "verify-not-in-source",
        f"the source has no tensor {tensor.name!r}, which the artifact has",
        Location(file=source, key_path=tensor.name),
        why="values are compared tensor by tensor, by name",
        fix="give the checkpoint that the artifact was made from, as GGUF",
    )


def left_out(file: str, names: Sequence[str]) -> Diagnostic:
    """The source has more."""
    count = "1 tensor" if len(names) == 1 else f"{len(names)} tensors"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004 - enough to recognize them
    return Diagnostic(
        "verify-left-out",
        f"the artifact lacks {count} of the source: {', '.join(names[:3])}{more}",
        Location(file=file),
        why="an artifact has every tensor of its source",
        fix="give the checkpoint that the artifact was made from, or download the artifact again",
    )


def other_shape(source: str, tensor: StoredTensor, theirs: StoredTensor) -> Diagnostic:
    """Values cannot be compared."""
    return Diagnostic(
        "verify-shape",
        f"tensor {tensor.name!r} has the shape {list(tensor.shape)}, and {list(theirs.shape)} in the source",
        Location(file=source, key_path=tensor.name),
        why="quantizing changes no shape",
        fix="give the checkpoint that the artifact was made from",
    )


def undecodable(source: str, tensor: StoredTensor, theirs: StoredTensor) -> Diagnostic:
    """A type of another program."""
    return Diagnostic(
        "verify-no-decoder",
        f"tensor {tensor.name!r} cannot be compared: it is {tensor.dtype}, and {theirs.dtype} in the source",
        Location(file=source, key_path=tensor.name),
        why="nothing that is installed decodes both",
        fix="install the plug-in that knows the type, or verify without --source",
    )


def _bytes(count: int, one: str, many: str) -> str:
    return f"1 byte {one}" if count == 1 else f"{count} bytes {many}"


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:3]))
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004 - as many as are shown
    return f"tensor{'s' * (len(names) > 1)} {shown}{rest}"
