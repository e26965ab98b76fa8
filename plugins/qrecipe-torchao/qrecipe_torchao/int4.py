"""`Int4Tensor` (plain): two codes a byte, a scale and a zero point for each group, w = code · scale + zero point.

For CUDA: torchao computes with mslk's kernels, in bfloat16, with activations as they are or (`dynamic`) rounded to
E4M3, for which groups have 128 columns and zero points are 0. The codes of even columns are in the low bits; scales and
zero points are transposed. Nothing here has run on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe_torchao import unpacked
from qrecipe_torchao.described import described, torch_dtype
from qrecipe_torchao.part import Part

if TYPE_CHECKING:
    from qrecipe_torchao.described import Json

KIND = "Int4Tensor"
GROUPS = (32, 64, 128, 256)
"""What `Int4WeightOnlyConfig` names."""
DYNAMIC_GROUP = 128
"""What the kernel with E4M3 activations takes."""
_RUN = "BF16"


@dataclass(frozen=True, slots=True)
class Int4:
    """Integers of 4 bits, packed.

    Attributes:
        group: Columns that share a scale.
        dynamic: Activations are rounded to E4M3.
        symmetric: Zero points are 0; so they are with `dynamic`, and where a fit looks for codes times a scale.
    """

    group: int
    dynamic: bool = False
    symmetric: bool = False

    @property
    def kind(self) -> str:
        """The class as torchao calls it."""
        return KIND

    @property
    def width(self) -> int:
        """4 bits."""
        return 4

    @property
    def zeros(self) -> bool:
        """Zero points are not 0."""
        return not (self.dynamic or self.symmetric)

    @property
    def scale(self) -> str:
        """What the kernels take."""
        return _RUN

    @property
    def run(self) -> str:
        """The dtype that the model computes in."""
        return _RUN

    @property
    def name(self) -> str:
        """`int4(group=32)`."""
        return unpacked.name(4, self.group)

    def refuses(self, rows: int, cols: int) -> str | None:  # noqa: ARG002 - any rows of whole groups are stored
        """Refuse nothing: who makes the scheme looks at the group."""
        return None

    def parts(self, cols: int) -> tuple[Part, ...]:
        """Return codes, scales, zero points."""
        groups = cols // self.group
        return (
            Part("qdata", "I8", cols // 2),
            Part("scale", _RUN, groups, turned=True),
            Part("zero_point", _RUN, groups, turned=True),
        )

    def columns(self, codes: int) -> int:
        """Return the weights of a row of codes."""
        return codes * 2

    def entry(self, rows: int, cols: int) -> dict[str, Json]:
        """Return the class's attributes and arrays."""
        data: dict[str, Json] = {
            "activation_dtype": torch_dtype("float8_e4m3fn" if self.dynamic else "bfloat16"),
            "block_size": [1, self.group],
            "shape": [rows, cols],
        }
        return {"_type": KIND, "_data": data, "_tensor_data_names": ["qdata", "scale", "zero_point"]}

    def config(self) -> dict[str, Json]:
        """Return `Int4WeightOnlyConfig`, or with activations `Float8DynamicActivationInt4WeightConfig`."""
        if self.dynamic:
            return described("Float8DynamicActivationInt4WeightConfig", {"int4_packing_format": "plain"}, 1)
        data: dict[str, Json] = {
            "group_size": self.group,
            "set_inductor_config": True,
            "int4_packing_format": described("Int4PackingFormat", "PLAIN"),
            "int4_choose_qparams_algorithm": described("Int4ChooseQParamsAlgorithm", "TINYGEMM"),
            "int4_tile_packed_ntile": 8,
        }
        return described("Int4WeightOnlyConfig", data, 2)
