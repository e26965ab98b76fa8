"""The plan: every decision of every target, with its layout.

Frozen; preview, explain, the lock and the builder read it. Sizes are bytes. What cannot be known exactly is None and
has an estimate that says why; an estimate is never printed as exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qrecipe.types.decision import Decision
from qrecipe.types.lock import Provenance

if TYPE_CHECKING:
    from qrecipe.errors import Diagnostic
    from qrecipe.types.lock import Lock
    from qrecipe.types.target import Layout, OutputFile, Target
    from qrecipe.types.tensor import Inventory


@dataclass(frozen=True, slots=True)
class Imatrix:
    """Which importance matrix a plan counts on.

    Attributes:
        file: Its path.
        digest: SHA-256 of the file, hexadecimal.
        names: The canonical names of the tensors that it has data for.
        notes: What artifacts say of it, under llama-quantize's names.
    """

    file: str
    digest: str
    names: frozenset[str]
    notes: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """One target of a plan.

    Attributes:
        target: What the recipe asks for.
        decisions: What each tensor becomes, in canonical order.
        layout: Where each byte goes.
        findings: Warnings about this target.
        provenance: What the artifact will say of its making; the layout counts it.
    """

    target: Target
    decisions: tuple[Decision, ...]
    layout: Layout
    findings: tuple[Diagnostic, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def name(self) -> str:
        """The target's name."""
        return self.target.name

    @property
    def writes_folder(self) -> bool:
        """The artifact is a folder, which appears as a whole."""
        return self.target.output.endswith("/")

    @property
    def files(self) -> tuple[OutputFile, ...]:
        """The files to write, in order."""
        return self.layout.files

    @property
    def file_bytes(self) -> int | None:
        """Exact size in bytes of all files together; None where metadata is unknown."""
        sizes = [file.nbytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def file_bytes_estimate(self) -> int | None:
        """What stands in for `file_bytes` where that is None."""
        if self.file_bytes is not None:
            return None
        return sum(file.nbytes if file.nbytes is not None else file.estimate or 0 for file in self.files)

    @property
    def tensor_bytes(self) -> int:
        """Bytes of the data section, padding included."""
        return self.layout.tensor_bytes

    @property
    def params(self) -> int:
        """Weights of all tensors."""
        return sum(decision.tensor.params for decision in self.decisions)

    @property
    def bits_per_weight(self) -> float:
        """Bits of tensor data, padding not included, for each weight."""
        return 8 * sum(self.nbytes(decision) for decision in self.decisions) / max(self.params, 1)

    @property
    def fallbacks(self) -> tuple[Decision, ...]:
        """Decisions that a tensor's shape pushed along its chain."""
        return tuple(decision for decision in self.decisions if decision.fell_back)

    def nbytes(self, decision: Decision) -> int:
        """Bytes of one tensor: the sum of its parts."""
        return sum(part.nbytes for part in self.layout.parts[decision.tensor.name])


@dataclass(frozen=True, slots=True)
class Plan:
    """All targets of one recipe for one checkpoint.

    Attributes:
        recipe: The recipe's name.
        recipe_file: Its file, as users name it.
        source: Opens the checkpoint again; None where an inventory stands in.
        inventory: The model.
        targets: Those that could be resolved, in the recipe's order.
        stand_in: The inventory, where the plan was made without the checkpoint.
        requantize: A source that is quantized already may be decoded.
        imatrix: The importance matrix, if the recipe has one.
        missing: Warnings about targets whose backend is not installed.
        findings: Warnings about the recipe and the model.
        source_bytes: Bytes of the source's tensors, padding not included; None where a dtype is unknown.
        lock: What artifacts will say made them; None where they say nothing.
    """

    recipe: str
    recipe_file: str
    source: str | None
    inventory: Inventory
    targets: tuple[TargetPlan, ...]
    stand_in: str | None = None
    requantize: bool = False
    imatrix: Imatrix | None = None
    missing: tuple[Diagnostic, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    source_bytes: int | None = None
    lock: Lock | None = None

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Everything that a person should see though nothing stops."""
        return (*self.findings, *self.missing, *(finding for target in self.targets for finding in target.findings))
