"""`Int8Tensor`: codes of 8 bits, one scale for a group or a row; the class with kernels for int8 on CPU and GPU.

`quantize_` makes its scales float32 in every model. With `dynamic`, activations are rounded to int8, symmetric, by
token; weights have one scale a row then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe_torchao import unpacked
from qrecipe_torchao.described import described, per_group, per_row, run_dtype

if TYPE_CHECKING:
    from qrecipe_torchao.described import Json
    from qrecipe_torchao.part import Part

KIND = "Int8Tensor"


@dataclass(frozen=True, slots=True)
class Int8:
    """Integers of 8 bits.

    Attributes:
        group: Columns that share a scale; None: the row.
        scale: The dtype of scales.
        run: The dtype that the model computes in.
        dynamic: Activations are rounded to int8.
    """

    group: int | None
    scale: str
    run: str
    dynamic: bool = False

    @property
    def kind(self) -> str:
        """The class as torchao calls it."""
        return KIND

    @property
    def width(self) -> int:
        """8 bits."""
        return 8

    @property
    def zeros(self) -> bool:
        """Zero points, where there are any, are 0."""
        return False

    @property
    def name(self) -> str:
        """`int8`, `int8(group=32)`."""
        return unpacked.name(8, self.group)

    def refuses(self, rows: int, cols: int) -> str | None:  # noqa: ARG002 - any rows of whole groups are stored
        """Refuse nothing: who makes the scheme looks at the group."""
        return None

    def parts(self, cols: int) -> tuple[Part, ...]:
        """Return codes, scales, zero points."""
        return unpacked.parts(cols, self.group, self.scale)

    def columns(self, codes: int) -> int:
        """Return the weights of a row of codes."""
        return codes

    def entry(self, rows: int, cols: int) -> dict[str, Json]:  # noqa: ARG002 - the arrays have the shape
        """Return the class's attributes and arrays."""
        data: dict[str, Json] = {
            "act_quant_kwargs": _activations() if self.dynamic else None,
            "reduce_range": False,
            "block_size": [1, self.group or cols],
            "dtype": run_dtype(self.run),
        }
        return {"_type": KIND, "_data": data, "_tensor_data_names": ["zero_point", "qdata", "scale"]}

    def config(self) -> dict[str, Json]:
        """Return `Int8WeightOnlyConfig`, or with activations `Int8DynamicActivationInt8WeightConfig`."""
        if not self.dynamic:
            granularity = per_group(self.group) if self.group else per_row(1)
            data: dict[str, Json] = {"group_size": None, "granularity": granularity, "set_inductor_config": True}
            return described("Int8WeightOnlyConfig", data, 2)
        data = {
            "act_mapping_type": described("MappingType", "SYMMETRIC"),
            "weight_only_decode": False,
            "granularity": per_row(1),
            "set_inductor_config": True,
            "reduce_range": False,
        }
        return described("Int8DynamicActivationInt8WeightConfig", data, 2)


def _activations() -> dict[str, Json]:
    data: dict[str, Json] = {
        "granularity": per_row(),
        "mapping_type": described("MappingType", "SYMMETRIC"),
        "reduce_range": False,
    }
    return described("QuantizeTensorToInt8Kwargs", data)
