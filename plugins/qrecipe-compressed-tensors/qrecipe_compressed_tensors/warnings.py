"""What runs, but not as well as it might: warnings, each told once for all tensors that it concerns.

Sources: `check_moe_marlin_supports_layer` and `verify_marlin_supports_shape` of vLLM (summer 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic

from qrecipe_compressed_tensors.carried import carried_type
from qrecipe_compressed_tensors.groups import scheme_of
from qrecipe_compressed_tensors.names import expert_of, is_row_parallel, leaf, parent
from qrecipe_compressed_tensors.options import options_of
from qrecipe_compressed_tensors.scheme import IntegerScheme

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module
    from qrecipe.types.target import Target

_FUSED = {"k_proj": "q_proj", "v_proj": "q_proj", "up_proj": "gate_proj"}
"""Whose layer a fused projection is part of."""
_ROWS, _COLS = 64, 128
_HIDDEN, _INTERMEDIATE = 128, 64


def rounded_scales(modules: Sequence[Module]) -> Iterator[Diagnostic]:
    """Yield the carried types whose scales the runtime's dtype does not hold."""
    found: dict[str, set[str]] = {}
    for module in modules:
        scheme = scheme_of(module)
        if isinstance(scheme, IntegerScheme) and scheme.carried is not None and scheme.scale == "BF16":
            found.setdefault(scheme.carried.name, set()).add(module.source)
    for name, sources in found.items():
        type_ = carried_type(name)
        if type_ is not None and type_.kept:
            yield _rounded(name, type_.kept, len(sources))


def slow_experts(modules: Sequence[Module], target: Target) -> Iterator[Diagnostic]:
    """Yield routed experts whose shape leaves vLLM's Marlin kernel."""
    tp, unfit = options_of(target).tp, dict[str, str]()
    for module in modules:
        scheme, expert = scheme_of(module), expert_of(module.name)
        if not isinstance(scheme, IntegerScheme) or expert is None:
            continue
        rows, cols = module.shape
        hidden, inner = (rows, cols) if is_row_parallel(module.name) else (cols, rows)
        least = max(_INTERMEDIATE, scheme.group or 0)
        if hidden % _HIDDEN or inner % (tp * least):
            unfit.setdefault(expert[0], f"{hidden} × {inner}, groups of {scheme.group or cols}")
    if unfit:
        yield _off_marlin_experts(list(unfit), next(iter(unfit.values())), tp)


def slow_dense(modules: Sequence[Module], target: Target) -> Iterator[Diagnostic]:
    """Yield dense layers, fused as vLLM fuses them, whose shape on one device leaves its Marlin kernel."""
    tp = options_of(target).tp
    shapes: dict[str, tuple[int, int]] = {}
    for module in modules:
        scheme = scheme_of(module)
        if isinstance(scheme, IntegerScheme) and scheme.packed and expert_of(module.name) is None:
            name = f"{parent(module.name)}.{_FUSED.get(leaf(module.name), leaf(module.name))}"
            rows, cols = module.shape
            shapes[name] = (shapes.get(name, (0, 0))[0] + rows, cols)
    unfit = {}
    for name, (rows, cols) in shapes.items():
        n, k = (rows, cols / tp) if is_row_parallel(name) else (rows / tp, cols)
        if n % _ROWS or k % _COLS:
            unfit[name] = f"{n:g} × {k:g}"
    if unfit:
        yield _off_marlin(unfit)


def _rounded(name: str, kept: str, count: int) -> Diagnostic:
    tensors = "1 tensor keeps" if count == 1 else f"{count} tensors keep"
    return Diagnostic(
        "scales-rounded",
        f"{tensors} the codes of {name}, but not all of its values",
        why=f"the runtime holds scales as BF16, and those of {name} are F16 numbers: about {kept} % of the weights "
        "are those that a GGUF gives a BF16 model",
        fix='set dtype = "float16" on the target, which holds all of them, or use torchao, which keeps F16 scales',
        severity="warning",
    )


def _off_marlin_experts(layers: Sequence[str], shape: str, tp: int) -> Diagnostic:
    more = "" if len(layers) == 1 else f" and {len(layers) - 1} more"
    return Diagnostic(
        "slow-experts",
        f"vLLM will not use its Marlin kernel for the experts of {layers[0]}{more} ({shape}, on {_devices(tp)})",
        why="it takes a hidden size that is a multiple of 128, and on each device an intermediate size that is a "
        "multiple of 64 and of the group",
        fix="choose a smaller group, or fewer devices; vLLM has a slower kernel otherwise",
        severity="warning",
    )


def _off_marlin(unfit: dict[str, str]) -> Diagnostic:
    name, shape = next(iter(unfit.items()))
    more = "" if len(unfit) == 1 else f" and {len(unfit) - 1} more"
    return Diagnostic(
        "slow-shape",
        f"vLLM's Marlin kernel does not take {name}{more} ({shape} on each device)",
        why="it takes rows in multiples of 64 and columns in multiples of 128; current versions pad or use another "
        "kernel, older ones refuse",
        fix="keep these modules, or use fewer devices, where that matters",
        severity="warning",
    )


def _devices(tp: int) -> str:
    return "1 device" if tp == 1 else f"{tp} devices"
