"""What a plug-in supplies to write its kind of folder: which types it stores how, what it refuses, and its config.

Everything here is asked while planning and reads no weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qrecipe.backends.folder.options import FolderOptions
    from qrecipe.errors import Diagnostic
    from qrecipe.types.decision import RuleRef
    from qrecipe.types.format import TypeUse
    from qrecipe.types.scheme import Scheme
    from qrecipe.types.source import Checkpoint, StoredTensor
    from qrecipe.types.target import Target
    from qrecipe.types.tensor import Inventory, Shape, TensorInfo


@dataclass(frozen=True, slots=True)
class Module:
    """One thing that is written: a quantized matrix, or a plain tensor.

    Attributes:
        name: The module's name, or a plain tensor's own (`model.norm.weight`).
        source: The checkpoint's tensor that it is made of.
        rows: First row and the row behind the last, of the source's rows, all its matrices one after another.
        shape: What is written, outermost dimension first; rows and columns where it is quantized.
        tensor: What was decided about; None for a tensor that the text model does not use.
        use: Which type was decided; None likewise.
        scheme: How it is stored; None for a plain tensor.
        dtype: As what a plain tensor is stored; empty with a scheme.
        rule: Which rule decided, for messages; None where it is protected or not used.
        source_shape: The source's.
    """

    name: str
    source: str
    rows: tuple[int, int]
    shape: Shape
    tensor: TensorInfo | None = None
    use: TypeUse | None = None
    scheme: Scheme | None = None
    dtype: str = ""
    rule: RuleRef | None = None
    source_shape: Shape = ()


class Family(Protocol):
    """One kind of folder."""

    @property
    def name(self) -> str:
        """The backend's name, as recipes write it: `compressed-tensors`."""

    @property
    def options(self) -> type[FolderOptions]:
        """The model of a target's own keys."""

    @property
    def profiles(self) -> tuple[str, ...]:
        """Profiles that a target may name; () if it takes none."""

    def refuses(self, inventory: Inventory, target: Target) -> Diagnostic | None:
        """Say why this model cannot become this target at all, besides what is so for every folder; None if it can."""

    def scheme(self, use: TypeUse, tensor: TensorInfo, target: Target, inventory: Inventory) -> Scheme | str:
        """Return how a type is stored for a tensor, or why it is not, in words."""

    def slices(
        self, stored: StoredTensor, tensor: TensorInfo, target: Target, inventory: Inventory
    ) -> Sequence[tuple[str, int, int]]:
        """Return the modules that a quantized tensor of the checkpoint becomes: name, first row, row behind the last.

        Together they hold every row once, in order. `backend.whole` is the usual answer: one module.
        """

    def check(self, modules: Sequence[Module], inventory: Inventory, target: Target) -> Sequence[Diagnostic]:
        """Return what is wrong with the modules together, and warnings."""

    def config(self, modules: Sequence[Module], inventory: Inventory, target: Target) -> Mapping[str, object]:
        """Return the keys that are put into config.json."""

    def header(self, modules: Sequence[Module], inventory: Inventory, target: Target) -> Mapping[str, str]:
        """Return what every shard's `__metadata__` says besides `"format": "pt"`."""

    def schemes(self, checkpoint: Checkpoint) -> Mapping[str, Scheme] | None:
        """Return the schemes of a finished folder by module, from its config and headers; None for other folders.

        Raises:
            SourceError: It is such a folder, and cannot be read.
        """
