"""What must be alike: the parts of a layer that vLLM fuses, and routed experts. Errors that name the rules.

transformers reads one scheme for all routed experts of a model (`get_experts_scheme`). vLLM takes a fused layer's
scheme from its first part without a look at the others (`_match_fused_layer`), refuses a layer of which only some parts
are ignored (`should_ignore_layer`), and wants one scheme for the experts of a layer (`compressed_tensors_moe.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic

from qrecipe_compressed_tensors.groups import is_kept_linear, scheme_of
from qrecipe_compressed_tensors.names import expert_of, leaf, module_of, parent

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module

_FUSED = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


@dataclass(frozen=True, slots=True)
class Part:
    """A module as messages show it: the last part of its name, what it is stored as, and what decided that."""

    name: str
    type: str
    rule: str


def unequal_fused(modules: Sequence[Module]) -> Iterator[Diagnostic]:
    """Yield what vLLM would fuse though it is not alike, each combination of types once."""
    why = "vLLM makes one layer of them, and reads all of it as it reads the first part"
    yield from _faults(_grouped(modules, _fused_layer), "fused-unequal", why)


def unequal_experts_of_layer(modules: Sequence[Module]) -> Iterator[Diagnostic]:
    """Yield layers whose routed experts are not alike."""
    why = "vLLM has one scheme for all routed experts of a layer"
    yield from _faults(_grouped(modules, _expert_layer), "experts-unequal", why)


def unequal_experts(modules: Sequence[Module]) -> Iterator[Diagnostic]:
    """Yield the routed experts of the whole model, where they are not alike."""
    why = "transformers has one scheme for all routed experts of a model"
    yield from _faults(_grouped(modules, _any_expert), "experts-unequal", why)


def kept_experts(modules: Sequence[Module]) -> Iterator[Diagnostic]:
    """Yield an error where routed experts, a module each, are kept in a model with anything quantized."""
    kept = [module for module in modules if module.scheme is None and expert_of(module_of(module)) is not None]
    quantized = next((module for module in modules if module.scheme is not None), None)
    if kept and quantized is not None and len(kept) == sum(expert_of(module_of(each)) is not None for each in modules):
        yield _kept(kept, quantized)


Place = tuple[str, str]
"""Where modules must be alike: its name for messages, and what tells it from others of that name."""


def _fused_layer(name: str) -> Place | None:
    parts = next((parts for parts in _FUSED if leaf(name) in parts), None)
    return None if parts is None or expert_of(name) is not None else (parent(name), parts[0])


def _expert_layer(name: str) -> Place | None:
    expert = expert_of(name)
    return None if expert is None else (f"{expert[0]}.experts", "")


def _any_expert(name: str) -> Place | None:
    return None if expert_of(name) is None else ("all layers", "")


def _grouped(modules: Sequence[Module], place: Callable[[str], Place | None]) -> Mapping[Place, dict[Part, None]]:
    """Return the different parts of each place, in their order."""
    found: dict[Place, dict[Part, None]] = {}
    for module in modules:
        name = module_of(module)
        if module.tensor is None or not (module.scheme is not None or is_kept_linear(module)):
            continue
        if (at := place(name)) is not None:
            found.setdefault(at, {})[_part(module, name)] = None
    return found


def _part(module: Module, name: str) -> Part:
    scheme = scheme_of(module)
    rule = "no rule (it is protected)" if module.rule is None else str(module.rule)
    if scheme is None:
        return Part(leaf(name), "is kept", rule)
    activations = "" if scheme.activations == "none" else f" with {scheme.activations} activations"
    return Part(leaf(name), f"is {scheme.name}{activations}", rule)


def _faults(found: Mapping[Place, dict[Part, None]], code: str, why: str) -> Iterator[Diagnostic]:
    places: dict[tuple[Part, ...], list[str]] = {}
    for (name, _), parts in found.items():
        if len({part.type for part in parts}) > 1:
            places.setdefault(tuple(parts), []).append(name)
    for different, names in places.items():
        yield _unequal(code, different, names, why)


def _kept(experts: Sequence[Module], quantized: Module) -> Diagnostic:
    rules = dict.fromkeys("no rule (it is protected)" if each.rule is None else str(each.rule) for each in experts)
    return Diagnostic(
        "experts-kept",
        f"{len(experts)} modules of routed experts are kept in a model where {quantized.name!r} is quantized",
        why="transformers decompresses all routed experts of such a model as it loads, and fails where they are plain",
        fix=f"give the experts one type, or keep all; now they are decided by {'; '.join(rules)}",
    )


def _unequal(code: str, parts: Sequence[Part], places: Sequence[str], why: str) -> Diagnostic:
    shown = ", ".join(dict.fromkeys(f"{part.name} {part.type}" for part in parts))
    more = "" if len(places) == 1 else f" and {len(places) - 1} more"
    rules = "; ".join(dict.fromkeys(part.rule for part in parts))
    return Diagnostic(
        code,
        f"in {places[0]}{more}, {shown}",
        why=why,
        fix=f"give them one type; now they are decided by {rules}",
    )
