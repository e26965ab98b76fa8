"""MLX checkpoints: what is stored how, what is refused, and what config.json says.

Names are the checkpoint's own: mlx-lm renames while it loads, codes, scales and biases alike. Facts about it are those
of mlx-lm 0.32.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.backends.folder.backend import whole
from qrecipe.backends.folder.dtypes import DTYPES, run_dtype
from qrecipe.backends.folder.kinds import kind_of
from qrecipe.backends.folder.options import FolderOptions
from qrecipe.errors import SourceError

from qrecipe_mlx import faults
from qrecipe_mlx.carried import CARRIED, GROUP, Carried
from qrecipe_mlx.config import numbers_of, paths, quantization
from qrecipe_mlx.scheme import GROUPS, WIDTHS, Affine
from qrecipe_mlx.symmetric import Symmetric

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module
    from qrecipe.errors import Diagnostic
    from qrecipe.types.format import TypeUse
    from qrecipe.types.scheme import Scheme
    from qrecipe.types.source import Checkpoint, StoredTensor
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory, TensorInfo

TRIED = (
    "gemma3", "gemma3_text", "gemma4", "gemma4_text", "llama", "mistral", "mixtral", "olmo2", "olmoe", "phi3",
    "qwen2", "qwen2_moe", "qwen3", "qwen3_moe",
)  # fmt: skip
"""Model types that mlx-lm was seen to load under these names; the plug-in's tests load each."""
STACKING = ("mixtral", "olmoe", "qwen2_moe")
"""Of these, the ones whose experts mlx-lm stacks with their scales; of others it stacks plain weights alone."""
TRANSPOSING = ("gpt2", "gpt_bigcode")
"""Model types whose matrices mlx-lm turns around while it loads, which codes do not survive."""


@dataclass(frozen=True, slots=True)
class MlxFamily:
    """The family of MLX checkpoints, for `FolderBackend`."""

    @property
    def name(self) -> str:
        """`mlx`."""
        return "mlx"

    @property
    def options(self) -> type[FolderOptions]:
        """Those that every folder has."""
        return FolderOptions

    @property
    def profiles(self) -> tuple[str, ...]:
        """None: mlx-lm is the one runtime."""
        return ()

    def refuses(self, inventory: Inventory, target: Target) -> Diagnostic | None:
        """Refuse models whose matrices are turned around."""
        kind = _model_type(inventory)
        return faults.transposed(target, kind) if kind in TRANSPOSING else None

    def scheme(self, use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> Scheme | str:
        """Return how a type is stored for a tensor, or why it is not."""
        if (why := _no_codes(tensor, inventory)) is not None:
            return why
        if use.format.name in CARRIED:
            return _carried(use, run_dtype(target, inventory))
        if use.format.family == "integer":
            return _integer(use, run_dtype(target, inventory))
        return f"MLX has no {use.format.name}"

    def slices(
        self,
        stored: StoredTensor,
        tensor: TensorInfo,
        target: Target,
        inventory: Inventory,
    ) -> Sequence[tuple[str, int, int]]:
        """Return the matrix as one module."""
        return whole(stored)

    def check(self, modules: Sequence[Module], inventory: Inventory, target: Target) -> Sequence[Diagnostic]:
        """Refuse experts that cannot be stacked; warn of models that nobody tried, and of dtypes that do not mix."""
        kind = _model_type(inventory)
        found = list(_unequal_experts(modules))
        if kind and kind not in TRIED:
            found.append(faults.untried(target, kind))
        dtype = run_dtype(target, inventory)
        plain = {module.dtype for module in modules if module.tensor is not None and module.scheme is None}
        others = sorted((plain & set(DTYPES.values())) - {dtype})
        return (*found, *(faults.mixed_dtypes(target, other, dtype) for other in others))

    def config(
        self,
        modules: Sequence[Module],
        inventory: Inventory,
        target: Target,
    ) -> Mapping[str, object]:
        """Return `quantization`, the same as `quantization_config`, as mlx-lm writes both, and what it would guess."""
        numbers = ((module.name, _numbers(module)) for module in modules if module.scheme is not None)
        return {**_tied(inventory), **quantization(numbers)}

    def header(
        self,
        modules: Sequence[Module],
        inventory: Inventory,
        target: Target,
    ) -> Mapping[str, str]:
        """Return what mlx-lm writes there too."""
        return {"format": "mlx"}

    def schemes(self, checkpoint: Checkpoint) -> Mapping[str, Scheme] | None:
        """Return the schemes of all matrices that have scales and biases; None where config.json speaks of no bits."""
        section = (checkpoint.config or {}).get("quantization")
        if not isinstance(section, Mapping) or "bits" not in section:
            return None
        modules = (name.removesuffix(".scales") for name in checkpoint.tensors if name.endswith(".scales"))
        affine = (module for module in modules if _is_affine(checkpoint, module))
        return {module: _read_back(checkpoint, module, section) for module in affine}


def _model_type(inventory: Inventory) -> str:
    """Return what config.json calls the kind of model; empty where it is not at hand."""
    config = None if inventory.origin is None else inventory.origin.config
    return str((config or {}).get("model_type", ""))


def _no_codes(tensor: TensorInfo, inventory: Inventory) -> str | None:
    """Say why mlx-lm would not look for codes in place of this tensor."""
    match kind_of(tensor, inventory):
        case "linear" | "embedding" | "head":
            return None
        case "experts" if _model_type(inventory) in STACKING:
            return None
        case "experts" | "fused experts":
            kind = _model_type(inventory) or "such"
            return f"mlx-lm rearranges the experts of {kind} models as plain weights only"
        case "router":
            return "a router is no layer with codes in every model of mlx-lm"
        case _:
            return "mlx-lm has codes in linear layers and embeddings alone"


def _carried(use: TypeUse, dtype: str) -> Scheme | str:
    if dtype == "BF16":
        return 'its float16 scales do not fit in bfloat16, which this model computes in: dtype = "float16" holds them'
    return Carried(CARRIED[use.format.name], GROUP, dtype, blocks=use.format)


def _integer(use: TypeUse, dtype: str) -> Scheme | str:
    width, group = int(use.format.name.removeprefix("int")), use.argument("group")
    if width not in WIDTHS:
        return f"MLX has no codes of {width} bits; it has {', '.join(map(str, WIDTHS))}"
    if group is None:
        return "MLX has no scale for a whole row: write group=32, 64 or 128"
    if not isinstance(group, int) or group not in GROUPS:
        return f"MLX has groups of 32, 64 and 128, not {group}"
    if use.fit.name in ("auto", "rtn"):
        return Affine(width, group, dtype)
    if dtype == "F32":
        return (
            f"fit={use.fit.name} needs a grid; with MLX's biases, float32 scales make none, since products round first"
        )
    return Symmetric(width, group, dtype)


def _tied(inventory: Inventory) -> Mapping[str, object]:
    """Say whether the head is the embedding, where config.json does not: mlx-lm and transformers guess differently."""
    config = (None if inventory.origin is None else inventory.origin.config) or {}
    text = config.get("text_config")
    said = "tie_word_embeddings" in {*config, *(text if isinstance(text, Mapping) else ())}
    if said or not inventory.mapped:
        return {}
    return {"tie_word_embeddings": inventory.tied}


def _numbers(module: Module) -> tuple[int, int]:
    assert isinstance(module.scheme, Affine)  # noqa: S101 - this family has no other
    return module.scheme.width, module.scheme.group


def _unequal_experts(modules: Sequence[Module]) -> Iterator[Diagnostic]:
    """Find experts that are stacked into one array and stored differently."""
    first: dict[str, Module] = {}
    for module in modules:
        if ".switch_mlp." not in (stack := paths(module.name)[-1]):
            continue
        known = first.setdefault(stack, module)
        if _spoken(known) != _spoken(module):
            yield faults.unequal_experts(stack, _spoken(known), _spoken(module))
            return


def _spoken(module: Module) -> str:
    return module.dtype if module.scheme is None else module.scheme.name


def _is_affine(checkpoint: Checkpoint, module: str) -> bool:
    """Say whether a module has the arrays of an affine matrix, not those of MLX's other modes or of stacked experts."""
    arrays = [checkpoint.tensors.get(module + suffix) for suffix in (".weight", ".scales", ".biases")]
    return all(array is not None and len(array.shape) == 2 for array in arrays)


def _read_back(checkpoint: Checkpoint, module: str, section: Mapping[str, object]) -> Affine:
    bits, group = numbers_of(module, section)
    dtype = checkpoint.tensors[f"{module}.scales"].dtype
    known = isinstance(bits, int) and isinstance(group, int) and dtype in DTYPES.values()
    if not known or bits not in WIDTHS or group not in GROUPS:
        where = str(checkpoint.folder or checkpoint.reference)
        raise SourceError(faults.unknown_numbers(where, module, (bits, group, dtype)))
    return Affine(bits, group, dtype)
