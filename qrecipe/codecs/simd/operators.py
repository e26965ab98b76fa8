"""Operators on vectors, lane by lane: what `+`, `<`, `&` and the like mean between two of them.

Float operations round once each, as C's do without contraction: none carries a fast-math flag. Comparisons are ordered,
so a NaN compares false, except `!=`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from numba.extending import lower_builtin, type_callable

from qrecipe.codecs.simd.vectors import FLOATS, INTS, MASK

_FLOAT_ARITHMETIC = ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul"), (operator.truediv, "fdiv"))
_INT_ARITHMETIC = (
    (operator.add, "add"),
    (operator.sub, "sub"),
    (operator.mul, "mul"),
    (operator.and_, "and_"),
    (operator.or_, "or_"),
    (operator.xor, "xor"),
    (operator.lshift, "shl"),
    (operator.rshift, "ashr"),
)
_MASK_ARITHMETIC = ((operator.and_, "and_"), (operator.or_, "or_"), (operator.xor, "xor"))
_COMPARISONS = (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
    (operator.ne, "!="),
)


def _define(symbol: Callable[..., Any], operand: Any, result: Any, emit: Callable[..., Any]) -> None:
    @type_callable(symbol)
    def _type(context: Any) -> Callable[..., Any]:
        return lambda a, b: result if a == operand and b == operand else None

    @lower_builtin(symbol, operand, operand)
    def _lower(context: object, builder: Any, signature: object, args: Any) -> Any:
        return emit(builder, *args)


def _instruction(name: str) -> Callable[..., Any]:
    return lambda builder, a, b: getattr(builder, name)(a, b)


def _float_comparison(sign: str) -> Callable[..., Any]:
    if sign == "!=":
        return lambda builder, a, b: builder.fcmp_unordered(sign, a, b)
    return lambda builder, a, b: builder.fcmp_ordered(sign, a, b)


def _int_comparison(sign: str) -> Callable[..., Any]:
    return lambda builder, a, b: builder.icmp_signed(sign, a, b)


for _symbol, _name in _FLOAT_ARITHMETIC:
    _define(_symbol, FLOATS, FLOATS, _instruction(_name))
for _symbol, _name in _INT_ARITHMETIC:
    _define(_symbol, INTS, INTS, _instruction(_name))
for _symbol, _name in _MASK_ARITHMETIC:
    _define(_symbol, MASK, MASK, _instruction(_name))
for _symbol, _name in _COMPARISONS:
    _define(_symbol, FLOATS, MASK, _float_comparison(_name))
    _define(_symbol, INTS, MASK, _int_comparison(_name))
