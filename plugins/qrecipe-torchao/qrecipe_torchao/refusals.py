"""What is wrong with a whole target, before any work, and what people should know of its modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic

from qrecipe_torchao.intx import KIND as INTX
from qrecipe_torchao.scheme import stores_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qrecipe.backends.folder.family import Module
    from qrecipe.types.target import Target

    from qrecipe_torchao.options import TorchaoOptions

_BYTE = 8


def refusal(target: Target, options: TorchaoOptions, run: str) -> Diagnostic | None:
    """Say why the options of a target do not go together; None if they do."""
    asked = _for_cuda(options)
    if asked is None:
        return None
    if options.device != "cuda":
        return Diagnostic(
            "needs-cuda",
            f"target {target.name!r} has {asked}, for a CPU",
            why="torchao computes with that on CUDA alone; on a CPU the model loads, and fails at its first token",
            fix='set device = "cuda", or take the key out',
        )
    if run != "BF16":
        return Diagnostic(
            "needs-bfloat16",
            f"target {target.name!r} has {asked}, in a model that computes in {_torch_name(run)}",
            why="torchao's kernels for that compute in bfloat16",
            fix='set dtype = "bfloat16", or take the key out',
        )
    return None


def _for_cuda(options: TorchaoOptions) -> str | None:
    if options.layout == "int4":
        return 'layout = "int4"'
    return 'activations = "fp8"' if options.activations == "fp8" else None


def _torch_name(run: str) -> str:
    return {"F16": "float16", "F32": "float32"}[run]


def warnings(modules: Sequence[Module], target: Target) -> Iterator[Diagnostic]:
    """Yield what surprises people."""
    stores = [store for _, store in stores_of(modules)]
    wide = [store for store in stores if store.kind == INTX and (store.width or _BYTE) < _BYTE]
    if wide:
        narrow = ", ".join(sorted({each.name for each in wide}))
        yield Diagnostic(
            "unpacked-codes",
            f"target {target.name!r}: {narrow} take 8 bits a weight and their scales ({_modules(len(wide))})",
            why="torchao's IntxUnpackedToInt8Tensor keeps every code in a byte; an export of the model packs them",
            fix="leave it so for ExecuTorch; for a small file take the compressed-tensors or gguf backend",
            severity="warning",
        )


def _modules(count: int) -> str:
    return "1 module" if count == 1 else f"{count} modules"
