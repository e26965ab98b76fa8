"""A backend on the bench: a small model, a recipe with one target, and builds of it in every way that must not matter.

The parts are those of a real build (`qrecipe.api`): the same planning, staging and executors. Only the catalog is made
by hand, so that a backend can be tried that is not installed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qrecipe.api.building import Results
from qrecipe.api.locking import lock_of
from qrecipe.api.opening import open_checkpoint, open_model
from qrecipe.api.outcome import model_with
from qrecipe.api.staging import Staging
from qrecipe.api.targets import Facts, resolve_targets
from qrecipe.errors import Diagnostic, QrecipeError, SourceError
from qrecipe.executors.inline import InlineExecutor
from qrecipe.hooks import hookimpl
from qrecipe.host.catalog import Catalog, make_catalog
from qrecipe.recipe.load import load_recipe
from qrecipe.sources.mapped import MappedCheckpoint
from qrecipe.testing.checkpoints import Seen
from qrecipe.testing.contract import broken
from qrecipe.types.target import Job
from qrecipe.types.task import Limits

if TYPE_CHECKING:
    from qrecipe.planner.plan import TargetPlan
    from qrecipe.types.source import Checkpoint
    from qrecipe.types.target import Backend
    from qrecipe.types.task import Executor, Task
    from qrecipe.types.tensor import Inventory

ROOMY = Limits(threads=1, memory=1 << 30)


@dataclass(frozen=True, slots=True)
class Order:
    """What a build is asked for. `keys` are the target's own, as TOML has them."""

    backend: Backend
    chain: str
    output: str
    keys: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[object, ...] = ()

    def recipe(self) -> str:
        """Return it as a recipe."""
        keys = "".join(f"{key} = {value}\n" for key, value in self.keys.items())
        return (
            f'qrecipe = 1\nname = "contract"\nrules = [{{ match = "**", type = "{self.chain}" }}]\n'
            f'[[targets]]\nbackend = "{self.backend.name}"\noutput = "{self.output}"\n{keys}'
        )


class Bench:
    """A model, opened and planned for; builds go into folders of their own."""

    def __init__(self, order: Order, reference: str, folder: Path) -> None:
        self.order = order
        self.folder = folder
        self.catalog = catalog_with(order.backend, order.plugins)
        self.checkpoint, self.inventory = open_model(reference, folder, self.catalog)
        self._planned: dict[bool, TargetPlan] = {}
        self._built: dict[bool, Path] = {}
        self._begun: set[bool] = set()

    def plan(self, *, lock: bool = True) -> TargetPlan:
        """Return the plan of the one target, with a lock or without."""
        if lock not in self._planned:
            self._planned[lock] = self._plan(lock=lock)
        return self._planned[lock]

    def built(self, *, lock: bool = True) -> Path:
        """Return the folder of a build, made once; skip where it has failed before: that was told."""
        if lock not in self._built:
            if self._begun - self._built.keys():
                pytest.skip("the build fails, which another test has told")
            self._begun.add(lock)
            folder = self.new_folder()
            self.build(folder, lock=lock)
            self._built[lock] = folder
        return self._built[lock]

    def build(
        self,
        folder: Path,
        *,
        limits: Limits = ROOMY,
        lock: bool = True,
        checkpoint: Checkpoint | None = None,
        run: Callable[[Sequence[Task], Callable[[Any], None]], None] | None = None,
    ) -> None:
        """Build into a folder, tasks run by `run`, one after another unless told otherwise."""
        plan = self.plan(lock=lock)
        with Staging(folder, plan.files, replace=False) as staging:
            job = self.job(plan, staging.paths, checkpoint)
            results = Results(lambda _: None)
            tasks = self.order.backend.tasks(job, limits)
            (run or runner(InlineExecutor(), limits))(tasks, results)
            self.order.backend.finish(job, results.by_tensor())
            staging.publish()

    def job(self, plan: TargetPlan, paths: Mapping[str, Path], checkpoint: Checkpoint | None = None) -> Job:
        """Return what a backend is given."""
        read = self.checkpoint if checkpoint is None else checkpoint
        return Job(
            target=plan.target,
            inventory=self.inventory,
            decisions=plan.decisions,
            layout=plan.layout,
            checkpoint=read,
            paths=dict(paths),
            formats=self.catalog.formats,
            fits=self.catalog.fits,
            provenance=plan.provenance,
            original=read.original if isinstance(read, MappedCheckpoint) else None,
        )

    def new_folder(self) -> Path:
        """Return an empty folder."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def artifact(self, folder: Path) -> Checkpoint:
        """Open what was built, under the names that its files have."""
        return open_checkpoint(str(folder / self.order.output.rstrip("/")), folder, self.catalog)

    def _plan(self, *, lock: bool) -> TargetPlan:
        path = self.folder / "contract.toml"
        path.write_text(self.order.recipe(), encoding="utf-8")
        recipe = load_recipe(path, set={})
        made_by = lock_of(recipe, self.checkpoint, None) if lock else None
        found = resolve_targets(recipe, Facts(model_with(self.inventory), None, made_by), self.catalog)
        problems = (*found.errors, *found.missing)
        if problems:
            raise QrecipeError(*problems)
        return found.targets[0]


def catalog_with(backend: Backend, plugins: Sequence[object]) -> Catalog:
    """Return the catalog of the built-ins, this backend unless it is one of them, and some plug-ins."""
    known = make_catalog(*plugins, discover=False)
    found = known if backend.name in known.backends else make_catalog(_Offers(backend), *plugins, discover=False)
    if found.problems:
        broken("\n\n".join(map(str, found.problems)))
    return found


class _Offers:
    """A plug-in that offers one backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @hookimpl
    def qrecipe_backends(self) -> Sequence[Backend]:
        """Offer it."""
        return (self._backend,)


def runner(executor: Executor, limits: Limits) -> Callable[[Sequence[Task], Callable[[Any], None]], None]:
    """Return what runs tasks by an executor."""
    return lambda tasks, results: executor.run(tasks, limits, results)


@dataclass(frozen=True)
class Failing(Seen):
    """A checkpoint whose read number `at` fails; None for none. `reads` counts them."""

    locked: bool = False
    at: int | None = None
    reads: list[str] = field(default_factory=list)

    def read(self, name: str, start: int, size: int) -> bytes:
        """Read, or fail as a disk does."""
        self.reads.append(name)
        if self.at is not None and len(self.reads) > self.at:
            raise SourceError(Diagnostic("planted", f"reading {name} failed", fix="none"))
        return self.original.read(name, start, size)


def failing(checkpoint: Checkpoint, at: int | None) -> tuple[Checkpoint, Failing]:
    """Return a checkpoint whose reads fail from number `at` on, and what counts them."""
    if isinstance(checkpoint, MappedCheckpoint):
        bad = Failing(checkpoint.original, at=at)
        return replace(checkpoint, original=bad), bad
    bad = Failing(checkpoint, at=at)
    return bad, bad


def contents(folder: Path) -> Mapping[str, bytes]:
    """Return every file below a folder, by its path there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def inventory_variants(inventory: Inventory) -> Mapping[str, Inventory]:
    """Return models that a backend may be asked about, by what is odd about them."""
    return {
        "whose names are not canonical": replace(inventory, mapped=False, why_unmapped="nobody knows them"),
        "of an unknown architecture": replace(inventory, arch=""),
        "without metadata": replace(inventory, metadata=None, why_no_metadata="there is no tokenizer"),
        "without tensors": replace(inventory, tensors=()),
    }
