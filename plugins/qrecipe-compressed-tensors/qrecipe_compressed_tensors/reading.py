"""A finished folder's schemes, from config.json's `quantization_config` and the headers of its tensors.

A tensor is quantized if it stands beside a `weight_scale`; what its codes are says the group that its module is in.
Class names (`Linear`), which other tools write, are the last resort, as in the runtimes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, SourceError

from qrecipe_compressed_tensors.names import runtime_name
from qrecipe_compressed_tensors.scheme import Float8Scheme, IntegerScheme

if TYPE_CHECKING:
    from qrecipe.types.source import Checkpoint

    from qrecipe_compressed_tensors.scheme import Activations, CtScheme

_SCALE = ".weight_scale"
_SCALES = ("BF16", "F16", "F32")


@dataclass(frozen=True, slots=True)
class Group:
    """What a group of the config says of its modules."""

    targets: tuple[str, ...]
    weights: Mapping[str, object]
    activations: Activations


def schemes_of(checkpoint: Checkpoint) -> Mapping[str, CtScheme] | None:
    """Return the schemes by module; None where the folder is of another family."""
    config = (checkpoint.config or {}).get("quantization_config")
    if not isinstance(config, Mapping) or config.get("quant_method") != "compressed-tensors":
        return None
    groups = _groups(checkpoint, config)
    modules = (name.removesuffix(_SCALE) for name in checkpoint.tensors if name.endswith(_SCALE))
    return {module: _scheme(checkpoint, module, groups) for module in modules}


def _scheme(checkpoint: Checkpoint, module: str, groups: list[Group]) -> CtScheme:
    group, scale = _group_of(module, groups), checkpoint.tensors[module + _SCALE]
    if group is None:
        raise _unreadable(checkpoint, f"no group has module {module!r} as a target")
    packed = f"{module}.weight_packed" in checkpoint.tensors
    stored = checkpoint.tensors.get(module + (".weight_packed" if packed else ".weight"))
    width, symmetric = group.weights.get("num_bits"), group.weights.get("symmetric", True)
    columns = group.weights.get("group_size")
    if stored is None or scale.dtype not in _SCALES or not symmetric:
        raise _unreadable(checkpoint, f"module {module!r} has an offset, or is not stored as its group says")
    if stored.dtype == "F8_E4M3":
        return Float8Scheme(scale.dtype, group.activations)
    if width not in range(1, 9) or stored.dtype != ("I32" if packed else "I8"):
        raise _unreadable(checkpoint, f"the codes of module {module!r} are {stored.dtype}, of {width} bits")
    assert isinstance(width, int)  # noqa: S101 - it is one of these numbers
    shared = columns if isinstance(columns, int) and columns > 0 else None
    return IntegerScheme(width, shared, scale.dtype, group.activations, packed=packed)


def _group_of(module: str, groups: list[Group]) -> Group | None:
    """Return the group of a module: by its exact name, else by a regular expression, else by its class."""
    name = runtime_name(module)
    exact = next((group for group in groups if {module, name} & set(group.targets)), None)
    return exact or next((group for group in groups if _matches(group, name)), None) or _by_class(groups)


def _matches(group: Group, name: str) -> bool:
    patterns = (target.removeprefix("re:") for target in group.targets if target.startswith("re:"))
    return any(re.match(pattern, name) for pattern in patterns)


def _by_class(groups: list[Group]) -> Group | None:
    return next((group for group in groups if "Linear" in group.targets), None)


def _groups(checkpoint: Checkpoint, config: Mapping[object, object]) -> list[Group]:
    found = config.get("config_groups")
    if not isinstance(found, Mapping):
        raise _unreadable(checkpoint, "quantization_config has no config_groups")
    return [_group(checkpoint, group) for group in found.values()]


def _group(checkpoint: Checkpoint, group: object) -> Group:
    found = group if isinstance(group, Mapping) else dict[str, object]()
    targets, weights = found.get("targets"), found.get("weights")
    if not isinstance(targets, list | tuple) or not isinstance(weights, Mapping) or not all(map(_is_target, targets)):
        raise _unreadable(checkpoint, "a group is no table with targets and weights")
    return Group(tuple(targets), weights, _activations(found))


def _is_target(target: object) -> bool:
    """Say whether this is a name, or a regular expression that Python takes."""
    try:
        return isinstance(target, str) and re.compile(target.removeprefix("re:")) is not None
    except re.error:
        return False


def _activations(group: Mapping[str, object]) -> Activations:
    found = group.get("input_activations")
    if not isinstance(found, Mapping):
        return "none"
    is_float, dynamic = found.get("type") == "float", bool(found.get("dynamic"))
    if is_float:
        return "fp8" if dynamic else "static-fp8"
    return "int8" if dynamic else "static-int8"


def _unreadable(checkpoint: Checkpoint, why: str) -> SourceError:
    return SourceError(
        Diagnostic(
            "compressed-tensors-unreadable",
            f"cannot read {checkpoint.reference} as a compressed-tensors checkpoint",
            why=why,
            fix="read it with the tool that wrote it, or build it again",
        )
    )
