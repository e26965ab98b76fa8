"""`CompressedTensors`: the family that qrecipe's folder backend writes as compressed-tensors checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic

from qrecipe_compressed_tensors import alike, warnings
from qrecipe_compressed_tensors.activations import activation_findings
from qrecipe_compressed_tensors.experts import expert_slices
from qrecipe_compressed_tensors.groups import quantization_config
from qrecipe_compressed_tensors.options import PROFILES, CompressedTensorsOptions, options_of, profile_of
from qrecipe_compressed_tensors.reading import schemes_of
from qrecipe_compressed_tensors.storing import stored_as
from qrecipe_compressed_tensors.targets import target_faults

if TYPE_CHECKING:
    from qrecipe.backends.folder.family import Module
    from qrecipe.types.format import TypeUse
    from qrecipe.types.scheme import Scheme
    from qrecipe.types.source import Checkpoint, StoredTensor
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory, TensorInfo


@dataclass(frozen=True, slots=True)
class CompressedTensors:
    """The family `compressed-tensors`."""

    name: str = "compressed-tensors"
    options: type[CompressedTensorsOptions] = CompressedTensorsOptions
    profiles: tuple[str, ...] = PROFILES

    def refuses(self, inventory: Inventory, target: Target) -> Diagnostic | None:  # noqa: ARG002 - all models alike
        """Refuse keys that mean nothing for the target's profile."""
        options = options_of(target)
        unused = {"tp": options.tp > 1, "kernels": options.kernels != "marlin", "lm_head": options.lm_head}
        names = [name for name, written in unused.items() if written]
        return _unused_keys(target, names) if names and profile_of(target) != "vllm" else None

    def scheme(self, use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> Scheme | str:
        """Return how a type is stored for a tensor, or why it is not."""
        return stored_as(use, tensor, target, inventory)

    def slices(
        self,
        stored: StoredTensor,
        tensor: TensorInfo,  # noqa: ARG002 - the checkpoint's names tell
        target: Target,  # noqa: ARG002 - only a profile that wants it gets here with fused experts
        inventory: Inventory,  # noqa: ARG002 - likewise
    ) -> Sequence[tuple[str, int, int]]:
        """Return one module, or those of each expert."""
        return expert_slices(stored)

    def check(self, modules: Sequence[Module], inventory: Inventory, target: Target) -> Sequence[Diagnostic]:
        """Return what the runtime of the target's profile would refuse or garble, and warnings."""
        config = quantization_config(modules)
        common = (
            target_faults(config, modules),
            activation_findings(modules, inventory, target),
            warnings.rounded_scales(modules),
        )
        if profile_of(target) == "hf":
            return tuple(chain(alike.unequal_experts(modules), alike.kept_experts(modules), *common))
        return tuple(
            chain(
                alike.unequal_fused(modules),
                alike.unequal_experts_of_layer(modules),
                *common,
                warnings.slow_experts(modules, target),
                warnings.slow_dense(modules, target),
            )
        )

    def config(
        self,
        modules: Sequence[Module],
        inventory: Inventory,  # noqa: ARG002 - the modules tell
        target: Target,  # noqa: ARG002 - likewise
    ) -> Mapping[str, object]:
        """Return `quantization_config`; nothing where nothing is quantized."""
        if all(module.scheme is None for module in modules):
            return {}
        return {"quantization_config": quantization_config(modules)}

    def header(
        self,
        modules: Sequence[Module],  # noqa: ARG002 - the config says all
        inventory: Inventory,  # noqa: ARG002 - likewise
        target: Target,  # noqa: ARG002 - likewise
    ) -> Mapping[str, str]:
        """Return nothing: compressed-tensors reads no metadata of shards."""
        return {}

    def schemes(self, checkpoint: Checkpoint) -> Mapping[str, Scheme] | None:
        """Return the schemes of a finished folder by module."""
        return schemes_of(checkpoint)


def _unused_keys(target: Target, names: Sequence[str]) -> Diagnostic:
    keys = " and ".join(names)
    return Diagnostic(
        "option-unused",
        f"target {target.name!r} sets {keys}, which mean{'s' if len(names) == 1 else ''} nothing to transformers",
        why='these keys are about how vLLM runs the model, and the target is for profile "hf"',
        fix=f'set profile = "vllm", or leave {keys} out',
    )
