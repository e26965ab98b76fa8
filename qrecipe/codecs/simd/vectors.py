"""The vector types as numba knows them: `FLOATS`, `INTS` and `MASK`, each of `WIDTH` lanes.

A vector lives in registers, as a value: it is never in an array of its own, and never leaves compiled code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, models, register_model

WIDTH = 16  # lanes: as fast as 8 where a register holds 8, faster where one holds 16

IR_FLOATS = ir.VectorType(ir.FloatType(), WIDTH)
IR_INTS = ir.VectorType(ir.IntType(32), WIDTH)
IR_MASK = ir.VectorType(ir.IntType(1), WIDTH)


class FloatsType(types.Type):
    """`WIDTH` float32."""

    def __init__(self) -> None:
        super().__init__(name=f"Floats{WIDTH}")


class IntsType(types.Type):
    """`WIDTH` int32."""

    def __init__(self) -> None:
        super().__init__(name=f"Ints{WIDTH}")


class MaskType(types.Type):
    """`WIDTH` booleans."""

    def __init__(self) -> None:
        super().__init__(name=f"Mask{WIDTH}")


FLOATS, INTS, MASK = FloatsType(), IntsType(), MaskType()


@register_model(FloatsType)
class _Floats(models.PrimitiveModel):
    def __init__(self, manager: Any, type_: types.Type) -> None:
        super().__init__(manager, type_, IR_FLOATS)


@register_model(IntsType)
class _Ints(models.PrimitiveModel):
    def __init__(self, manager: Any, type_: types.Type) -> None:
        super().__init__(manager, type_, IR_INTS)


@register_model(MaskType)
class _Mask(models.PrimitiveModel):
    def __init__(self, manager: Any, type_: types.Type) -> None:
        super().__init__(manager, type_, IR_MASK)


def word(function: Callable[..., Any]) -> Any:
    """Make an intrinsic: `function` gives a signature and a function that emits its instructions."""
    return intrinsic(function)
