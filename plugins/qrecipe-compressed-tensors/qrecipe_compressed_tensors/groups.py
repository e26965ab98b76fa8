"""`quantization_config`: which module has which scheme, said so that transformers and vLLM read the same.

Dense modules are named exactly, each by one group: both runtimes look for exact names before anything else. Routed
experts are no modules of their own in either, so their group comes first and has a regular expression, which ends in
`$`. `ignore` has every linear layer that is kept. Every group has its format; the whole has it too, or
`mixed-precision`. Without `quantization_status` transformers would load random weights without a word.

vLLM fuses q, k and v, and looks for a target for each, also where the model has none of its own (Gemma 4: v is k's
output, or k and v are another layer's): such names are listed beside q's; to transformers they are surplus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe_compressed_tensors.names import expert_of, layer_of, leaf, module_of, parent, runtime_name
from qrecipe_compressed_tensors.scheme import Float8Scheme, IntegerScheme

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module

    from qrecipe_compressed_tensors.scheme import CtScheme

    Json = Mapping[str, object]

_USUAL = ("gate_proj", "up_proj", "down_proj")
_MATRIX = 2


@dataclass(frozen=True, slots=True)
class Key:
    """What modules of one group have in common."""

    format: str
    type: str
    width: int
    group: int | None
    activations: str


def key_of(scheme: CtScheme) -> Key:
    """Return the group of a scheme; where codes and scales came from does not count."""
    match scheme:
        case IntegerScheme():
            return Key(scheme.format, "int", scheme.width, scheme.group, scheme.activations)
        case Float8Scheme():
            return Key(scheme.format, "float", 8, None, scheme.activations)


def quantization_config(modules: Sequence[Module]) -> Json:
    """Return the value of config.json's `quantization_config`."""
    groups = [*_expert_groups(modules), *_dense_groups(modules)]
    formats = {key.format for key, _ in groups}
    return {
        "quant_method": "compressed-tensors",
        "format": formats.pop() if len(formats) == 1 else "mixed-precision",
        "quantization_status": "compressed",
        "ignore": _ignored(modules),
        "config_groups": {f"group_{i}": _group(key, targets) for i, (key, targets) in enumerate(groups)},
    }


def scheme_of(module: Module) -> CtScheme | None:
    """Return how a module is quantized; None where it is kept."""
    return module.scheme if isinstance(module.scheme, IntegerScheme | Float8Scheme) else None


def quantized(modules: Iterable[Module]) -> Iterator[tuple[Module, Key]]:
    """Yield the quantized modules with their groups."""
    for module in modules:
        if (scheme := scheme_of(module)) is not None:
            yield module, key_of(scheme)


def is_kept_linear(module: Module) -> bool:
    """Say whether a plain tensor may be a linear layer's weight, as far as its shape and name tell."""
    if module.scheme is not None or len(module.shape) != _MATRIX or not module.name.endswith(".weight"):
        return False
    return not any(word in module.name for word in ("embed_tokens", "embedding", ".wte.", ".wpe."))


def _dense_groups(modules: Sequence[Module]) -> list[tuple[Key, list[str]]]:
    groups: dict[Key, list[str]] = {}
    beside = _surplus(modules)
    for module, key in quantized(modules):
        if expert_of(module.name) is None:
            names = (module.name, *beside.get(module.name, ()))
            groups.setdefault(key, []).extend(map(runtime_name, names))
    return list(groups.items())


def _surplus(modules: Sequence[Module]) -> Mapping[str, list[str]]:
    """Return for each `q_proj` the projections beside it that the model has not, where it has such elsewhere."""
    known = {module_of(module) for module in modules if module.tensor is not None}
    if not any(leaf(name) == "k_proj" for name in known):
        return {}
    beside = {
        name: [f"{parent(name)}.{part}" for part in ("k_proj", "v_proj")] for name in known if leaf(name) == "q_proj"
    }
    return {name: [part for part in parts if part not in known] for name, parts in beside.items()}


def _expert_groups(modules: Sequence[Module]) -> list[tuple[Key, list[str]]]:
    """Return one group for all routed experts; several, by layers, where they differ."""
    layers = _expert_layers(modules)
    keys = dict.fromkeys(key for key in layers.values() if key is not None)
    parts = _projections(module_of(module) for module in modules)
    if len(set(layers.values())) == 1:
        return [(key, [_experts_regex("", parts)]) for key in keys]
    return [(key, [_experts_regex(_numbers(layers, key), parts)]) for key in keys]


def _expert_layers(modules: Sequence[Module]) -> dict[str, Key | None]:
    """Return the group of each layer's routed experts, None where they are kept; those of one layer are alike."""
    found: dict[str, Key | None] = {}
    for module in modules:
        expert = expert_of(module_of(module))
        if expert is not None:
            scheme = scheme_of(module)
            found.setdefault(expert[0], None if scheme is None else key_of(scheme))
        elif module.scheme is None and ".experts." in module.name:
            found.setdefault(module.name.rpartition(".experts.")[0], None)
    return found


def _numbers(layers: Mapping[str, Key | None], key: Key | None) -> str:
    """Return the layers whose experts are in a group, as the middle of a regular expression."""
    numbers = [layer_of(f"{name}.") or "" for name, found in layers.items() if found == key]
    return rf"layers\.({'|'.join(numbers)})\.(.*\.)?"


def _experts_regex(layers: str, parts: Sequence[str]) -> str:
    return rf"re:.*\.{layers}experts\.\d+\.({'|'.join(parts)})$"


def _projections(modules: Iterable[str]) -> list[str]:
    found = {expert[1] for expert in map(expert_of, modules) if expert is not None}
    return sorted(found, key=lambda part: (_USUAL.index(part) if part in _USUAL else len(_USUAL), part)) or [*_USUAL]


def _ignored(modules: Sequence[Module]) -> list[str]:
    """Return every kept linear layer, routed experts as one regular expression."""
    beside, coded = _surplus(modules), {module.name for module, _ in quantized(modules)}
    listed = {name for module in coded for name in beside.get(module, ())}
    dense = [module_of(each) for each in modules if is_kept_linear(each) and expert_of(module_of(each)) is None]
    surplus = [name for module in dense for name in beside.get(module, ())]
    names = dict.fromkeys((*dense, *surplus))
    return [*(runtime_name(name) for name in names if name not in listed), *_ignored_experts(modules)]


def _ignored_experts(modules: Sequence[Module]) -> list[str]:
    layers = _expert_layers(modules)
    if None not in layers.values():
        return []
    parts = _projections(module_of(module) for module in modules)
    alike = len(set(layers.values())) == 1
    return [_experts_regex("" if alike else _numbers(layers, None), parts)]


def _group(key: Key, targets: list[str]) -> Json:
    weights = {
        "num_bits": key.width,
        "type": key.type,
        "symmetric": True,
        "strategy": "channel" if key.group is None else "group",
        "group_size": key.group,
        "dynamic": False,
    }
    return {
        "targets": targets,
        "weights": weights,
        "input_activations": _activations(key),
        "output_activations": None,
        "format": key.format,
    }


def _activations(key: Key) -> Json | None:
    if key.activations == "none":
        return None
    static = key.activations.startswith("static-")
    return {
        "num_bits": 8,
        "type": key.type,
        "symmetric": True,
        "strategy": "tensor" if static else "token",
        "dynamic": not static,
    }
