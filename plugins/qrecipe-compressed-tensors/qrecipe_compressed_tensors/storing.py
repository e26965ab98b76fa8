"""How a type is stored for a tensor, or why not: what one tensor and one target decide.

A reason moves a chain on to its next entry. What spans tensors is in `fused`, `experts` and `warnings`.
Sources: `transformers/integrations/compressed_tensors.py` (5.23) and, for vLLM, `compressed_tensors_wNa16.py`,
`compressed_tensors_moe.py`, `compressed_tensors_embedding.py`, `utils/marlin_utils.py` (summer 2026).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qrecipe.backends.folder.dtypes import run_dtype
from qrecipe.backends.folder.kinds import kind_of
from qrecipe.backends.folder.modules import sources_of

from qrecipe_compressed_tensors.carried import carried_type, why_not_carried
from qrecipe_compressed_tensors.names import is_row_parallel
from qrecipe_compressed_tensors.options import activated, options_of, profile_of
from qrecipe_compressed_tensors.scheme import Float8Scheme, IntegerScheme

if TYPE_CHECKING:
    from qrecipe.backends.folder.kinds import Kind
    from qrecipe.types.format import TypeUse
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory, TensorInfo

    from qrecipe_compressed_tensors.options import CompressedTensorsOptions
    from qrecipe_compressed_tensors.scheme import Activations, CtScheme

VLLM_GROUPS = (32, 64, 128)
"""`MARLIN_SUPPORTED_GROUP_SIZES`, without -1, which is the row."""
_EXPERTS = ("experts", "fused experts")
_BYTE = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a type is to be stored: a tensor, what it is to a runtime, and the target."""

    tensor: TensorInfo
    kind: Kind
    modules: tuple[str, ...]
    dtype: str
    profile: str
    options: CompressedTensorsOptions


def stored_as(use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> CtScheme | str:
    """Return how a type is stored for a tensor, or why it is not."""
    names = tuple(name.removesuffix(".weight") for name in sources_of(tensor, inventory))
    dtype, kind = run_dtype(target, inventory), kind_of(tensor, inventory)
    place = Place(tensor, kind, names, dtype, profile_of(target), options_of(target))
    refused = _no_module(place, tied=inventory.tied)
    if refused is not None:
        return refused
    scheme = _scheme(use, place)
    if isinstance(scheme, str) or place.profile != "vllm":
        return scheme
    return _vllm_refuses(scheme, place) or scheme


def _no_module(place: Place, *, tied: bool) -> str | None:
    """Say why nothing of this tensor is quantized, whatever the type."""
    match place.kind:
        case "embedding":
            return _no_embedding(place, tied=tied)
        case "head" if place.profile == "vllm" and not place.options.lm_head:
            return "vLLM keeps the output head unless the target says lm_head = true"
        case "fused experts" if place.profile == "hf":
            return "transformers has no converter for quantized experts that the checkpoint holds as one tensor"
        case "router":
            return "runtimes compute routers from their full weights"
        case "other":
            return "it is no weight of a linear layer, and compressed-tensors stores no other"
        case _:
            return None


def _no_embedding(place: Place, *, tied: bool) -> str:
    if tied and place.tensor.role in ("token_embd", ""):
        return "the embeddings are the output head too, and no runtime loads such a quantized one"
    if place.profile == "hf":
        return "transformers fails to load quantized embeddings"
    return "vLLM loads quantized input embeddings in few model classes only"


def _scheme(use: TypeUse, place: Place) -> CtScheme | str:
    match use.format.family:
        case "integer":
            return _integer(use, place)
        case "float8":
            return Float8Scheme(place.dtype, activated(_asked(place), "fp8"))
        case "ggml":
            return _carried(use, place)
        case _:
            return f"compressed-tensors has no {use.format.name}"


def _integer(use: TypeUse, place: Place) -> IntegerScheme:
    width, group = int(use.format.name.removeprefix("int")), use.argument("group")
    scheme = IntegerScheme(width, group if isinstance(group, int) else None, place.dtype)
    activations = activated(_asked(place), "int8")
    if activations == "none" or scheme.width != _BYTE or scheme.group is not None:
        return scheme
    return replace(scheme, activations=activations, packed=False)


def _asked(place: Place) -> Activations:
    """Return what the target wants for activations; only plain linear layers get it."""
    return place.options.activations if place.kind == "linear" else "none"


def _carried(use: TypeUse, place: Place) -> IntegerScheme | str:
    type_ = carried_type(use.format.name)
    if type_ is None:
        return why_not_carried(use.format.name)
    if type_.scale == "F32" and place.dtype != "F32":
        return (
            f"{type_.name}'s scales need float32, and this target runs in {place.dtype} "
            '(dtype = "float32" would hold them)'
        )
    group = min(type_.group, max(VLLM_GROUPS)) if place.profile == "vllm" else type_.group
    return IntegerScheme(type_.width, group, place.dtype, carried=use.format)


def _vllm_refuses(scheme: CtScheme, place: Place) -> str | None:
    """Say why vLLM would not load a scheme here."""
    if place.kind in _EXPERTS and isinstance(scheme, Float8Scheme):
        return "vLLM loads routed experts as packed integers only"
    if isinstance(scheme, Float8Scheme) or not scheme.packed:
        return None
    return _no_kernel(scheme, place) or _cut_group(scheme, place)


def _no_kernel(scheme: IntegerScheme, place: Place) -> str | None:
    if scheme.group is not None and scheme.group not in VLLM_GROUPS:
        return f"vLLM's kernels take groups of 32, 64 or 128 columns, or whole rows, not groups of {scheme.group}"
    if scheme.width in (4, _BYTE):
        return None
    if place.kind in _EXPERTS:
        return f"vLLM's kernels for experts take 4 or 8 bits, not {scheme.width}"
    if place.options.kernels != "humming":
        return f'vLLM\'s Marlin kernels take 4 or 8 bits, not {scheme.width} (kernels = "humming" takes 2 to 8)'
    return None if scheme.width > 1 else "vLLM's Humming kernels take 2 to 8 bits, not 1"


def _cut_group(scheme: IntegerScheme, place: Place) -> str | None:
    """Say why a group does not divide what one device has of a row."""
    cols, tp = place.tensor.cols, place.options.tp
    if tp == 1 or not any(map(is_row_parallel, place.modules)):
        return None
    group = scheme.group or 1
    if cols % (tp * group) == 0:
        return None
    return f"{cols} columns on {tp} devices are no whole groups of {group} on each"
