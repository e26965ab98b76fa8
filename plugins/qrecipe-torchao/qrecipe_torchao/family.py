"""torchao as a family of folders: models that transformers loads with torchao's tensor classes.

Planning and building need no torch: arithmetic and metadata are this package's own, held equal to torchao's by tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qrecipe.backends.folder.backend import whole
from qrecipe.backends.folder.dtypes import run_dtype

from qrecipe_torchao import eligible, header, refusals
from qrecipe_torchao.carried import TYPES
from qrecipe_torchao.described import described
from qrecipe_torchao.names import runtime_name
from qrecipe_torchao.options import TorchaoOptions
from qrecipe_torchao.scheme import TorchaoScheme, stores_of
from qrecipe_torchao.storing import by_rows, store_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qrecipe.backends.folder.family import Module
    from qrecipe.errors import Diagnostic
    from qrecipe.types.format import TypeUse
    from qrecipe.types.scheme import Scheme
    from qrecipe.types.source import Checkpoint, StoredTensor
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory, TensorInfo

    from qrecipe_torchao.described import Json


class Torchao:
    """What `qrecipe.backends.folder` asks of a family."""

    name = "torchao"
    options = TorchaoOptions
    profiles = ("hf",)

    def refuses(self, inventory: Inventory, target: Target) -> Diagnostic | None:
        """Refuse options that no runtime serves."""
        return refusals.refusal(target, _options(target), run_dtype(target, inventory))

    def scheme(self, use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> Scheme | str:
        """Return the class that stores a type for a tensor, or why there is none."""
        if why := eligible.why_not(tensor, inventory):
            return why
        linear = eligible.linear(tensor, inventory)
        store = store_of(use, _options(target), run_dtype(target, inventory), linear=linear)
        if isinstance(store, str):
            return store
        if why := store.refuses(tensor.rows, tensor.cols):
            return why
        return TorchaoScheme(by_rows(store, tensor.cols), use.format if use.format.name in TYPES else None)

    def slices(
        self, stored: StoredTensor, tensor: TensorInfo, target: Target, inventory: Inventory
    ) -> Sequence[tuple[str, int, int]]:
        """Return the whole tensor, under its name in the model: what has several matrices is not quantized."""
        del tensor, target, inventory
        return tuple((runtime_name(module), start, stop) for module, start, stop in whole(stored))

    def check(self, modules: Sequence[Module], inventory: Inventory, target: Target) -> Sequence[Diagnostic]:
        """Return warnings."""
        del inventory
        return tuple(refusals.warnings(modules, target))

    def config(self, modules: Sequence[Module], inventory: Inventory, target: Target) -> Mapping[str, object]:
        """Return `quantization_config` with every module's configuration; {} where nothing is quantized."""
        del inventory, target
        found: dict[str, Json] = {module.name: store.config() for module, store in stores_of(modules)}
        if not found:
            return {}
        config = described("FqnToConfig", {"fqn_to_config": found, "module_fqn_to_config": found}, 1)
        return {
            "quantization_config": {
                "quant_method": "torchao",
                "quant_type": {"default": config},
                "modules_to_not_convert": None,
                "include_input_output_embeddings": False,
                "untie_embedding_weights": False,
            }
        }

    def header(self, modules: Sequence[Module], inventory: Inventory, target: Target) -> Mapping[str, str]:
        """Return the metadata of all modules."""
        del inventory, target
        return header.entries(modules)

    def schemes(self, checkpoint: Checkpoint) -> Mapping[str, Scheme] | None:
        """Return what a folder's headers say, where its config.json names torchao."""
        said = (checkpoint.config or {}).get("quantization_config")
        if not isinstance(said, dict) or said.get("quant_method") != "torchao":
            return None
        return header.schemes(checkpoint)


def _options(target: Target) -> TorchaoOptions:
    return target.options if isinstance(target.options, TorchaoOptions) else TorchaoOptions()
