"""A family's slots against a checkpoint's headers: every tensor has its place, or the checkpoint is refused.

What must be there and is not, what no slot knows, shapes that contradict config.json and dtypes that no model has are
errors, all of them in one refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from qrecipe.architectures.config import config_file
from qrecipe.architectures.left_out import kind_of, left_out
from qrecipe.architectures.slots import Slot, result_shape
from qrecipe.errors import Diagnostic, Location, SourceError
from qrecipe.types.architecture import MappedTensor
from qrecipe.types.transform import Constant, Stack, Stored, Transform, stored_names

if TYPE_CHECKING:
    from qrecipe.types.source import Checkpoint, StoredTensor
    from qrecipe.types.tensor import LeftOut, Shape

_DTYPES = ("F32", "F16", "BF16")
_MODEL = "model."
_HEAD = "lm_head.weight"
_NAMED = 4  # tensors that a message names
_HOPELESS = 5000  # missing tensors, after which no more are looked for
_ALIKE = 2000  # names that are compared for a did-you-mean
_F32_NAMES = ("_norm.weight", ".ffn_gate_inp.weight")


@dataclass(frozen=True, slots=True)
class Matched:
    """A checkpoint's tensors in their places.

    Attributes:
        tensors: The model's.
        shapes: Their shapes by canonical name.
        left_out: What the model does not use.
    """

    tensors: tuple[MappedTensor, ...]
    shapes: Mapping[str, Shape]
    left_out: tuple[LeftOut, ...]


def matched(checkpoint: Checkpoint, slots: Iterable[Slot], plain: Callable[[str], str]) -> Matched:
    """Put a checkpoint's tensors into slots; `plain` gives the spelling that slots use."""
    stored = tuple(checkpoint.tensors.values())
    held = _held([tensor for tensor in stored if not kind_of(tensor.name)], plain, checkpoint)
    chosen, missing = _chosen(slots, held)
    used = {name for slot in chosen for name in stored_names(slot.value)}
    unknown = [tensor.name for name, tensor in held.items() if name not in used]
    missing = _spelled(missing, held)
    faults = [*_missing(missing, unknown, checkpoint), *_unknown(unknown, missing, checkpoint)]
    faults += [*_shapes(chosen, held, checkpoint), *_dtypes([held[name] for name in sorted(used)], checkpoint)]
    if faults:
        raise SourceError(*faults)
    shapes = {slot.name: result_shape(slot.value, slot.shape) for slot in chosen}
    tensors = tuple(MappedTensor(s.name, _renamed(s.value, held), _gguf_dtype(s.name, shapes[s.name])) for s in chosen)
    return Matched(tensors, shapes, left_out([tensor for tensor in stored if kind_of(tensor.name)]))


def _held(
    tensors: Sequence[StoredTensor], plain: Callable[[str], str], checkpoint: Checkpoint
) -> dict[str, StoredTensor]:
    """Return tensors by plain name; two of one name are an error."""
    held: dict[str, StoredTensor] = {}
    for tensor in tensors:
        name = plain(tensor.name)
        if name in held:
            what = f"{held[name].name!r} and {tensor.name!r} are the same tensor of the model"
            fix = "take one of them out of the checkpoint, or download it again"
            raise SourceError(Diagnostic("tensor-twice", what, _file(checkpoint), fix=fix))
        held[name] = tensor
    return held


def _chosen(slots: Iterable[Slot], held: Mapping[str, StoredTensor]) -> tuple[list[Slot], list[str]]:
    """Return the slots that the checkpoint fills, and the plain names of tensors that it must have and has not."""
    chosen: list[Slot] = []
    missing: dict[str, None] = {}
    for slot in slots:
        names = stored_names(slot.value)
        lacks = [name for name in names if name not in held]
        if not lacks:
            chosen.append(slot)
        elif slot.required or len(lacks) < len(names):
            missing.update(dict.fromkeys(lacks))
            if len(missing) > _HOPELESS:
                break
    return chosen, list(missing)


def _spelled(names: Sequence[str], held: Mapping[str, StoredTensor]) -> list[str]:
    """Return plain names as this checkpoint would spell them: behind its own prefix."""
    rests = ((tensor.name, plain.removeprefix(_MODEL)) for plain, tensor in held.items() if plain.startswith(_MODEL))
    prefix = next((stored.removesuffix(rest) for stored, rest in rests if stored.endswith(rest)), _MODEL)
    return [prefix + name.removeprefix(_MODEL) if name.startswith(_MODEL) else name for name in names]


def _missing(missing: Sequence[str], unknown: Sequence[str], checkpoint: Checkpoint) -> Iterable[Diagnostic]:
    if missing:
        where = Location(config_file(checkpoint))
        why = "config.json describes a model that has " + ("it" if len(missing) == 1 else "them")
        if _HEAD in missing:
            why += ", and does not say that the embeddings are the head (`tie_word_embeddings`)"
        least = "at least " if len(missing) > _HOPELESS else ""
        fix = "download the checkpoint again, all of its shards, with its own config.json"
        if len(unknown) >= len(missing):
            fix = f"see whether config.json is this checkpoint's own; or {fix}"
        yield Diagnostic("tensors-missing", f"the checkpoint lacks {least}{_listed(missing)}", where, why, fix)


def _unknown(unknown: Sequence[str], missing: Sequence[str], checkpoint: Checkpoint) -> Iterable[Diagnostic]:
    if unknown:
        near = get_close_matches(unknown[0], missing[:_ALIKE], n=1, cutoff=0.8)
        hint = f"; the model has {near[0]!r}" if near else ""
        what = f"the checkpoint holds {_listed(unknown, ' that this family does not have')}"
        why = f"leaving out a tensor in silence would make another model{hint}"
        fix = "see whether config.json is this checkpoint's own; merge an adapter into its model first; a variant of "
        fix += "the model needs a converter that knows it, as llama.cpp's convert_hf_to_gguf.py may"
        yield Diagnostic("tensors-unknown", what, _file(checkpoint), why, fix)


def _shapes(slots: Sequence[Slot], held: Mapping[str, StoredTensor], checkpoint: Checkpoint) -> Iterable[Diagnostic]:
    wrong = {name: slot.shape for slot in slots for name in stored_names(slot.value) if held[name].shape != slot.shape}
    if wrong:
        name, implied = next(iter(wrong.items()))
        tensor = held[name]
        more = f", and {len(wrong) - 1} more tensors contradict it" if len(wrong) > 1 else ""
        what = f"tensor {tensor.name!r} has the shape {_size(tensor.shape)}, and config.json implies {_size(implied)}"
        why = f"sizes, heads and experts are taken from config.json{more}"
        fix = "put this checkpoint's own config.json beside it, or download the checkpoint again"
        yield Diagnostic("tensor-bad-shape", what, Location(config_file(checkpoint)), why, fix)


def _dtypes(tensors: Sequence[StoredTensor], checkpoint: Checkpoint) -> Iterable[Diagnostic]:
    wrong = [tensor for tensor in tensors if tensor.dtype not in _DTYPES]
    if wrong:
        more = f", as are {len(wrong) - 1} more" if len(wrong) > 1 else ""
        what = f"tensor {wrong[0].name!r} is stored as {wrong[0].dtype}{more}"
        why = "weights are read as F32, F16 or BF16; others are quantized, or no weights"
        fix = "take the model's original checkpoint, before it was quantized"
        yield Diagnostic("tensor-bad-dtype", what, _file(checkpoint), why, fix)


def _listed(names: Sequence[str], of: str = "") -> str:
    """Return how many there are and the first few; `of` stands behind `tensors`."""
    if len(names) == 1:
        return f"a tensor{of}: {names[0]!r}"
    shown = ", ".join(repr(name) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} tensors{of}: {shown}{more}"


def _size(shape: Shape) -> str:
    return str(list(shape))


def _file(checkpoint: Checkpoint) -> Location:
    return Location(checkpoint.reference)


def _renamed(value: Transform, held: Mapping[str, StoredTensor]) -> Transform:
    """Return the transform under the checkpoint's own names."""
    match value:
        case Stored(name):
            return Stored(held[name].name)
        case Constant():
            return value
        case Stack(of):
            return Stack(tuple(_renamed(each, held) for each in of))
    return replace(value, of=_renamed(value.of, held))


def _gguf_dtype(name: str, shape: Shape) -> str | None:
    """Return F32 where llama.cpp's converter writes it whatever the checkpoint has (`prepare_tensors`)."""
    forced = len(shape) <= 1 or name.endswith(_F32_NAMES) or not name.endswith(".weight")
    return "F32" if forced else None
