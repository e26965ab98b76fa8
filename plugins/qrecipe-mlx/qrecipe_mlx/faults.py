"""What can be wrong with an MLX target, in words: a function for each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location

if TYPE_CHECKING:
    from qrecipe.types.target import Target


def transposed(target: Target, kind: str) -> Diagnostic:
    """mlx-lm turns this model's matrices around."""
    return Diagnostic(
        "mlx-transposed",
        f"target {target.name!r} cannot be made of a {kind} model",
        why="its matrices have columns for rows; mlx-lm turns them around while it loads, which codes do not survive",
        fix="convert it with mlx_lm.convert",
    )


def unequal_experts(layer: str, one: str, other: str) -> Diagnostic:
    """Experts of one layer with different types."""
    return Diagnostic(
        "mlx-unequal-experts",
        f"the experts of {layer} are {one} and {other}",
        why="mlx-lm stacks the experts of a layer into one array, which has one type",
        fix="let one rule match all experts of a layer",
    )


def untried(target: Target, kind: str) -> Diagnostic:
    """A model type whose loading nobody has seen."""
    return Diagnostic(
        "mlx-untried-model",
        f"nobody has seen mlx-lm load a {kind} model as target {target.name!r} has it",
        why="mlx-lm renames and rearranges weights in a way for each kind of model, and not every way suits codes",
        fix="load the result with mlx_lm before you publish it",
        severity="warning",
    )


def mixed_dtypes(target: Target, stored: str, dtype: str) -> Diagnostic:
    """Plain tensors in another 16-bit dtype than scales."""
    return Diagnostic(
        "mlx-mixed-dtypes",
        f"target {target.name!r} has plain tensors in {stored} beside scales in {dtype}",
        why="MLX computes in float32 where the two meet, from the first such layer on",
        fix="set dtype on the target, and all of them are stored in it",
        severity="warning",
    )


def unknown_numbers(folder: str, module: str, found: tuple[object, object, str]) -> Diagnostic:
    """A config.json whose numbers MLX has no kernel for."""
    bits, group, dtype = (str(part)[:40] for part in found)
    return Diagnostic(
        "mlx-config",
        f"module {module} has {bits} bits, groups of {group} and scales in {dtype}",
        Location(file=f"{folder}/config.json", key_path="quantization"),
        why="MLX has 2, 3, 4, 5, 6 and 8 bits, groups of 32, 64 and 128, and scales in BF16, F16 and F32",
        fix="download or build the artifact again",
    )
