"""`Float8Tensor`: E4M3 codes, one float32 scale a row.

With `dynamic`, activations are rounded to E4M3 by row when it computes: on CUDA from compute capability 8.9 on, in
bfloat16, and with both sides of the matrix a multiple of 16, since `quantize_` silently leaves other matrices as they
are (`quantization/utils.py`, `_fp8_mm_compat`). No such model has run here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe_torchao.described import described, per_row, run_dtype, torch_dtype
from qrecipe_torchao.part import Part

if TYPE_CHECKING:
    from qrecipe_torchao.described import Json

KIND = "Float8Tensor"
_TILE = 16  # of the matrix product


@dataclass(frozen=True, slots=True)
class Float8:
    """E4M3 weights.

    Attributes:
        run: The dtype that the model computes in.
        dynamic: Activations are rounded to E4M3.
    """

    run: str
    dynamic: bool = False

    @property
    def kind(self) -> str:
        """The class as torchao calls it."""
        return KIND

    @property
    def width(self) -> None:
        """No integers."""
        return

    @property
    def group(self) -> None:
        """One scale a row."""
        return

    @property
    def scale(self) -> str:
        """Scales are float32."""
        return "F32"

    @property
    def zeros(self) -> bool:
        """Zero points, where there are any, are 0."""
        return False

    @property
    def name(self) -> str:
        """`fp8`."""
        return "fp8"

    def refuses(self, rows: int, cols: int) -> str | None:
        """Refuse what the matrix product with E4M3 activations does not take."""
        if self.dynamic and (rows % _TILE or cols % _TILE):
            return f"fp8 activations need rows and columns that are multiples of {_TILE}, not {rows}×{cols}"
        return None

    def parts(self, cols: int) -> tuple[Part, ...]:
        """Return codes and scales."""
        return Part("qdata", "F8_E4M3", cols), Part("scale", "F32", 1)

    def columns(self, codes: int) -> int:
        """Return the weights of a row of codes."""
        return codes

    def entry(self, rows: int, cols: int) -> dict[str, Json]:  # noqa: ARG002 - the arrays have the shape
        """Return the class's attributes and arrays."""
        data: dict[str, Json] = {
            "block_size": [1, cols],
            "mm_config": described("Float8MMConfig", _product()) if self.dynamic else None,
            "act_quant_kwargs": _activations() if self.dynamic else None,
            "kernel_preference": described("KernelPreference", "AUTO"),
            "dtype": run_dtype(self.run),
        }
        return {"_type": KIND, "_data": data, "_tensor_data_names": ["qdata", "scale"]}

    def config(self) -> dict[str, Json]:
        """Return `Float8WeightOnlyConfig`, or with activations `Float8DynamicActivationFloat8WeightConfig`."""
        weights = torch_dtype("float8_e4m3fn")
        if not self.dynamic:
            data: dict[str, Json] = {"weight_dtype": weights, "set_inductor_config": True, "granularity": per_row(1)}
            return described("Float8WeightOnlyConfig", data, 2)
        data = {
            "activation_dtype": weights,
            "weight_dtype": weights,
            "granularity": [per_row(1), per_row(1)],
            "packing_format": described("Float8PackingFormat", "PLAIN"),
            "mm_config": described("Float8MMConfig", _product(), 1),
            "activation_value_lb": None,
            "activation_value_ub": None,
            "kernel_preference": described("KernelPreference", "AUTO"),
            "set_inductor_config": True,
            "alg_id": 0,
        }
        return described("Float8DynamicActivationFloat8WeightConfig", data, 2)


def _product() -> dict[str, Json]:
    return {"emulate": False, "use_fast_accum": True, "pad_inner_dim": False}


def _activations() -> dict[str, Json]:
    data: dict[str, Json] = {
        "float8_dtype": torch_dtype("float8_e4m3fn"),
        "granularity": per_row(),
        "mm_config": None,
        "hp_value_lb": None,
        "hp_value_ub": None,
        "kernel_preference": described("KernelPreference", "AUTO"),
    }
    return described("QuantizeTensorToFloat8Kwargs", data)
