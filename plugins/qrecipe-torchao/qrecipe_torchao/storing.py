"""Which tensor class stores a type, by the target's options: a store, or why there is none, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qrecipe_torchao.carried import TYPES
from qrecipe_torchao.float8 import Float8
from qrecipe_torchao.int4 import DYNAMIC_GROUP, GROUPS, Int4
from qrecipe_torchao.int8 import Int8
from qrecipe_torchao.intx import Intx

if TYPE_CHECKING:
    from qrecipe.types.format import TypeUse

    from qrecipe_torchao.options import TorchaoOptions
    from qrecipe_torchao.stores import Store

_ROUNDING = ("auto", "rtn")
_MINIMA = ("Q2_K", "Q4_K", "Q5_K", "Q4_1", "Q5_1")
_INT8, _INT4 = 8, 4


def store_of(use: TypeUse, options: TorchaoOptions, run: str, *, linear: bool) -> Store | str:
    """Return where a type goes in a model that computes in `run`; activations are those of linear layers alone."""
    activations = options.activations if linear else "none"
    if use.format.name in TYPES:
        return _carried(use.format.name, options.layout, activations, run)
    if use.format.family == "integer":
        return _integers(use, options.layout, activations, run)
    if use.format.family == "float8":
        if activations == "int8":
            return "int8 activations need integer weights"
        return Float8(run, dynamic=activations == "fp8")
    return _absent(use.format.name)


def by_rows(store: Store, cols: int) -> Store:
    """Return a store whose group is the whole row as one of rows: the arrays say no more, so it is read back so."""
    return replace(store, group=None) if isinstance(store, Intx | Int8) and store.group == cols else store


def _carried(name: str, layout: str, activations: str, run: str) -> Store | str:
    if activations == "fp8":
        return "fp8 activations need fp8 weights"
    found, dynamic = TYPES[name], activations == "int8"
    if found.width == _INT8 and layout != "intx" and not dynamic:
        return Int8(found.group, found.scale, run)
    return Intx(found.width, found.group, found.scale, run, dynamic=dynamic)


def _integers(use: TypeUse, layout: str, activations: str, run: str) -> Store | str:
    width, group = int(use.format.name.removeprefix("int")), use.argument("group")
    group = group if isinstance(group, int) else None
    if width == 1 and use.fit.name in _ROUNDING:
        return "of torchao's two codes for int1, -1 and 0, its rounding makes nearly every weight 0"
    if layout == "int4" and width == _INT4:
        return _packed(group, activations, symmetric=use.fit.name not in _ROUNDING)
    if activations == "fp8":
        return 'fp8 activations need fp8 weights, or int4(group=128) with layout = "int4"'
    dynamic = activations == "int8"
    if layout != "intx" and width == _INT8:
        if dynamic and group is not None:
            return 'Int8Tensor with int8 activations has one scale a row; layout = "intx" has groups'
        return Int8(group, "F32", run, dynamic=dynamic)
    return Intx(width, group, run if use.fit.name in _ROUNDING else "F32", run, dynamic=dynamic)


def _packed(group: int | None, activations: str, *, symmetric: bool) -> Store | str:
    if activations == "int8":
        return 'Int4Tensor has no int8 activations; layout = "intx" has them'
    if activations == "fp8" and group != DYNAMIC_GROUP:
        return f"Int4Tensor with fp8 activations has groups of {DYNAMIC_GROUP}"
    if group not in GROUPS:
        return f'Int4Tensor has groups of {", ".join(map(str, GROUPS))}; layout = "intx" has any'
    return Int4(group, dynamic=activations == "fp8", symmetric=symmetric)


def _absent(name: str) -> str:
    if name in _MINIMA:
        return f"torchao has no class for {name}: its groups have a minimum besides the scale"
    return f"torchao has no class for {name}"
