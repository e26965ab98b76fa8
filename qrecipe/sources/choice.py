"""Which of a folder's files is its checkpoint, wherever the folder is: exactly one, or an error that lists them.

The shards of an index, the later files of a split model and the parts of a cut file do not count. Pickles (`.bin`,
`.pt`, …) are refused: reading one runs code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from qrecipe.errors import SourceError
from qrecipe.sources.fault import Place, fault
from qrecipe.sources.gguf_split import is_later_part
from qrecipe.sources.joined import whole_name
from qrecipe.sources.safetensors import INDEX_SUFFIX, SUFFIX

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_SHOWN = 12
_SHARD = re.compile(r"(?P<stem>.+)-[0-9]{5}-of-(?P<count>[0-9]{5})\.safetensors")


def only_candidate(
    names: Sequence[str], folder: Place, shards_of: Callable[[str], Iterable[str]], spelled: Callable[[str], str]
) -> str:
    """Return the file that stands for the folder's checkpoint.

    Args:
        names: The files in the folder.
        folder: The folder, for messages.
        shards_of: Reads which files an index lists.
        spelled: How a file of the folder is named as a source.
    """
    candidates = _candidates(names, shards_of)
    if len(candidates) == 1:
        return candidates[0]
    if _are_shards(candidates):
        raise _no_index(candidates, folder)
    if candidates:
        what = f"the folder holds {len(candidates)} checkpoints: {listed(candidates)}"
        fix = f"name one, as in source = {spelled(candidates[0])!r}"
        raise fault("source-ambiguous", folder, what, why="a recipe is for one checkpoint", fix=fix)
    if pickles := [name for name in names if name.endswith(PICKLES)]:
        raise pickle(folder, pickles)
    raise fault(
        "source-without-weights",
        folder,
        "the folder holds no .gguf and no .safetensors file",
        why=f"it holds {listed(names) if names else 'no files'}",
        fix="name the folder that holds the weights, or download them into this one",
    )


def _are_shards(candidates: Sequence[str]) -> bool:
    found = [_SHARD.fullmatch(name) for name in candidates]
    return len(found) > 1 and None not in found and len({match.groups() for match in found if match}) == 1


def _no_index(shards: Sequence[str], folder: Place) -> SourceError:
    match = _SHARD.fullmatch(shards[0])
    name = f"{match['stem'] if match else ''}{INDEX_SUFFIX}"
    what = f"the folder holds shards, and no {name}: {listed(shards)}"
    why = "the index says which shard holds which tensor, and that none is missing"
    return fault("source-without-index", folder, what, why=why, fix=f"download {name} into the folder")


def _candidates(names: Sequence[str], shards_of: Callable[[str], Iterable[str]]) -> list[str]:
    indexes = [name for name in names if name.endswith(INDEX_SUFFIX)]
    shards = {shard for index in indexes for shard in shards_of(index)}
    plain = [name for name in names if name.endswith((".gguf", SUFFIX))]
    wholes = {whole_name(name): name for name in reversed(names) if whole_name(name) is not None}
    return sorted([*indexes, *(n for n in plain if n not in shards and not is_later_part(n)), *wholes.values()])


def pickle(folder: Place, names: Sequence[str]) -> SourceError:
    """Return the error for files that may be pickles."""
    what = f"{listed(names)} may be a pickle, and is not read"
    fix = "convert it to safetensors first, where you trust it (`save_pretrained(…, safe_serialization=True)`)"
    return fault("source-pickle", folder, what, why="reading a pickle runs whatever code it holds", fix=fix)


def listed(names: Sequence[str]) -> str:
    """Return names for a message, the first dozen of many."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
