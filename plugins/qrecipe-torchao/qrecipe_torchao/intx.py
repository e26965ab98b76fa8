"""`IntxUnpackedToInt8Tensor`: codes of 1 to 8 bits, each in a byte, one scale for a group or a row.

The default of this backend, and what ExecuTorch exports from. Scales keep the dtype of the file: codes and scales of
other formats are exact in it. With `dynamic`, activations are rounded to int8, asymmetric, by token, when it computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe_torchao import unpacked
from qrecipe_torchao.described import described, per_group, run_dtype, torch_dtype

if TYPE_CHECKING:
    from qrecipe_torchao.described import Json
    from qrecipe_torchao.part import Part

KIND = "IntxUnpackedToInt8Tensor"
ACTIVATIONS = "int8_asym_per_token"
_SETTINGS: dict[str, Json] = {
    "intx_packing_format": described("IntxPackingFormat", "UNPACKED_TO_INT8"),
    "intx_choose_qparams_algorithm": described("IntxChooseQParamsAlgorithm", "AFFINE"),
}


@dataclass(frozen=True, slots=True)
class Intx:
    """Integers of `width` bits.

    Attributes:
        width: 1 to 8.
        group: Columns that share a scale; None: the row.
        scale: The dtype of scales.
        run: The dtype that the model computes in.
        dynamic: Activations are rounded to int8.
    """

    width: int
    group: int | None
    scale: str
    run: str
    dynamic: bool = False

    @property
    def kind(self) -> str:
        """The class as torchao calls it."""
        return KIND

    @property
    def zeros(self) -> bool:
        """Zero points, where there are any, are 0."""
        return False

    @property
    def name(self) -> str:
        """`int4(group=32)`."""
        return unpacked.name(self.width, self.group)

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
            "target_dtype": torch_dtype(f"int{self.width}"),
            "block_size": [1, self.group or cols],
            "dtype": run_dtype(self.run),
            "activation_quantization": ACTIVATIONS if self.dynamic else None,
        }
        return {"_type": KIND, "_data": data, "_tensor_data_names": ["qdata", "scale", "zero_point"]}

    def config(self) -> dict[str, Json]:
        """Return `IntxWeightOnlyConfig`, or with activations `Int8DynamicActivationIntxWeightConfig`."""
        weights = torch_dtype(f"int{self.width}")
        granularity = per_group(self.group) if self.group else described("PerAxis", {"axis": 0}, 1)
        mapping = described("MappingType", "SYMMETRIC")
        scale = None if self.scale == self.run else run_dtype(self.scale)
        if not self.dynamic:
            data: dict[str, Json] = {
                "weight_dtype": weights,
                "granularity": granularity,
                "mapping_type": mapping,
                "scale_dtype": scale,
            }
            return described("IntxWeightOnlyConfig", data | _SETTINGS, 2)
        data = {
            "weight_dtype": weights,
            "weight_granularity": granularity,
            "weight_mapping_type": mapping,
            "weight_scale_dtype": scale,
            "act_mapping_type": described("MappingType", "ASYMMETRIC"),
        }
        return described("Int8DynamicActivationIntxWeightConfig", data | _SETTINGS, 2)
