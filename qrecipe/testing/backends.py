"""`BackendContract`: the promises of `qrecipe.types.target.Backend`, one test each.

A small model is planned and built for, by the backend's own tasks, in every way that must not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from qrecipe.errors import Diagnostic, SourceError
from qrecipe.executors.inline import InlineExecutor
from qrecipe.executors.threads import ThreadExecutor
from qrecipe.testing.bench import Bench, Order, contents, failing, inventory_variants, runner
from qrecipe.testing.built import (
    most_held,
    overlaps,
    rows_of_tasks,
    weights_of,
)
from qrecipe.testing.contract import Contract, broken, promise
from qrecipe.testing.values import is_phrase, promise_light, promise_picklable
from qrecipe.types.format import TypeUse
from qrecipe.types.target import Target
from qrecipe.types.task import Limits

if TYPE_CHECKING:
    from qrecipe.types.target import Backend
    from qrecipe.types.task import Task

_TIGHT = Limits(threads=1, memory=2 << 20)
_SLACK = 1 << 20  # bytes that a task may hold besides what it promises: objects, open files
_ALIGNED = 256  # most bytes of padding between two arrays


class BackendContract(Contract):
    """Subclass with `backend = …`, `chain = …` and `output = …`.

    Attributes:
        backend: What is tried.
        chain: A chain of types that it stores, as a recipe has it.
        output: As a target has it; it ends in `/` where the artifact is a folder.
        keys: The target's own keys, values as TOML has them: `{"profile": '"vllm"'}`.
        plugins: Plug-ins that take part: the one that brings the backend, if it offers the chain's types too.
        model: A reference to the model; by default a small one that qrecipe ships, in BF16.
        loss: The most that weights may be off, as a share of their root mean square, over a whole tensor.
    """

    backend: ClassVar[Backend]
    chain: ClassVar[str]
    output: ClassVar[str] = "artifact/"
    keys: ClassVar[Mapping[str, str]] = {}
    plugins: ClassVar[tuple[object, ...]] = ()
    model: ClassVar[str] = "lib:bard-3m-qat-q4_0"
    loss: ClassVar[float] = 0.2

    @pytest.fixture(scope="class")
    @classmethod
    def bench(cls, tmp_path_factory: pytest.TempPathFactory) -> Bench:
        """The model and what is built of it, once for all tests."""
        order = Order(cls.backend, cls.chain, cls.output, cls.keys, cls.plugins)
        return Bench(order, cls.model, tmp_path_factory.mktemp("bench"))

    @property
    def name(self) -> str:
        """The backend's."""
        return self.backend.name

    # What is known from headers.

    def test_its_description_is_of_the_protocols_types(self) -> None:
        """Name, options, profiles."""
        promise(self.name and " " not in self.name, f"its name is {self.name!r}")
        options: object = self.backend.options
        fine = isinstance(options, type) and issubclass(options, BaseModel)
        promise(fine, f"{self.name}: its options are no pydantic model")
        profiles: object = self.backend.profiles
        fine = isinstance(profiles, tuple) and all(isinstance(each, str) for each in profiles)
        promise(fine, f"{self.name}: its profiles are {profiles!r}, no tuple of names")

    def test_loading_it_loads_no_heavy_package(self) -> None:
        """Plans are made without torch."""
        promise_light(self.backend, self.name, "tasks or finish")

    def test_unknown_keys_of_a_target_are_refused(self) -> None:
        """By its options: a misspelt key must not go unseen."""
        try:
            self.backend.options.model_validate({"no_such_key": 1})
        except ValidationError:
            return
        broken(f"{self.name}: its options take any key; write model_config = ConfigDict(extra='forbid')")

    def test_every_type_is_stored_or_it_says_why_not(self, bench: Bench) -> None:
        """`stores` gives None or a phrase, for any type and tensor."""
        target = bench.plan().target
        for tensor in bench.inventory.tensors:
            for format_ in bench.catalog.formats.values():
                why = self.backend.stores(TypeUse(format_), tensor, target, bench.inventory)
                words = f"{self.name}: stores({format_.name}, {tensor.name}) is {why!r}: None, or a phrase"
                promise(why is None or is_phrase(why), words)

    def test_a_kept_tensor_has_a_dtype(self, bench: Bench) -> None:
        """One that is known as a format."""
        for tensor in bench.inventory.tensors:
            found = self.backend.keep(tensor, bench.plan().target)
            promise(found in bench.catalog.formats, f"{self.name}: keep({tensor.name}) is {found!r}, no known dtype")

    def test_what_cannot_be_made_is_refused_in_words(self, bench: Bench) -> None:
        """`refuses` and `check` raise nothing, and say what to do."""
        target = bench.plan().target
        for what, inventory in inventory_variants(bench.inventory).items():
            refusal: object = self.backend.refuses(inventory, target)
            fine = refusal is None or (isinstance(refusal, Diagnostic) and is_phrase(refusal.fix))
            promise(fine, f"{self.name}: a model {what} is refused by {refusal!r}: None, or a Diagnostic with a fix")
        other = Target(target.name, target.backend, _other_kind(target.output), target.profile, target.options)
        refusal = self.backend.refuses(bench.inventory, other)
        promise(refusal is not None, f"{self.name}: it makes {target.output}, and {other.output} as well")

    def test_one_plan_has_one_layout(self, bench: Bench) -> None:
        """Nothing but its arguments decides."""
        plan = bench.plan()
        again = self.backend.layout(bench.inventory, plan.decisions, plan.target, plan.provenance)
        promise(again == plan.layout, f"{self.name}: layout differs from one call to the next")

    def test_its_files_lie_where_the_target_says(self, bench: Bench) -> None:
        """The output itself, or files in that folder; each once."""
        target, paths = bench.plan().target, [file.path for file in bench.plan().files]
        promise(paths and len(paths) == len(set(paths)), f"{self.name}: its files are {paths}")
        for path in paths:
            inside = path.startswith(target.output) if target.output.endswith("/") else path == target.output
            fine = inside and ".." not in PurePosixPath(path).parts
            promise(fine, f"{self.name}: {path} does not lie in {target.output}")

    def test_every_tensor_has_its_arrays(self, bench: Bench) -> None:
        """By canonical name; some may lack what only a converter makes."""
        plan = bench.plan()
        tensors = [d.tensor for d in plan.decisions if d.tensor.source_names]
        without = [tensor.name for tensor in tensors if not plan.layout.parts.get(tensor.name)]
        promise(not without, f"{self.name}: the layout has no array for {', '.join(without[:3])}")

    def test_byte_ranges_make_up_the_files(self, bench: Bench) -> None:
        """They do not overlap, lie behind the header, and leave nothing but padding."""
        wrong = list(overlaps(bench.plan().layout, _ALIGNED))
        promise(not wrong, f"{self.name}: {'; '.join(wrong[:3])}")

    # Builds. The first of these makes the build that most of the others look at.

    def test_a_build_comes_to_its_end(self, bench: Bench) -> None:
        """Every task and `finish` return."""
        bench.built()

    def test_files_have_exactly_the_promised_sizes(self, bench: Bench) -> None:
        """To the byte."""
        folder = bench.built()
        for file in bench.plan().files:
            found = (folder / file.path).stat().st_size
            promise(found == file.nbytes, f"{self.name}: {file.path} has {found} bytes; the layout says {file.nbytes}")

    def test_nothing_else_is_written(self, bench: Bench) -> None:
        """Only files of the layout."""
        found, wanted = set(contents(bench.built())), {file.path for file in bench.plan().files}
        promise(found == wanted, f"{self.name}: files that the layout does not have: {sorted(found ^ wanted)}")

    def test_tasks_cover_every_row_once(self, bench: Bench) -> None:
        """Of every tensor that is stored; tasks call it by its canonical name, or by the checkpoint's."""
        plan, tasks = bench.plan(), self._tasks(bench)
        for tensor in (each.tensor for each in plan.decisions if plan.layout.parts.get(each.tensor.name)):
            found = [rows_of_tasks(tasks, name) for name in (tensor.name, *tensor.source_names)]
            covered = [each for each in found if each]
            whole = all(len(each) == 1 and each[0][0] == 0 for each in covered)
            fine = whole and sum(each[0][1] for each in covered) >= tensor.rows * tensor.stacked
            promise(fine, f"{self.name}: tasks of {tensor.name} cover rows {covered}, not all of them once")

    def test_tasks_travel_to_other_processes(self, bench: Bench) -> None:
        """Picklable, all of them."""
        for task in self._tasks(bench):
            promise_picklable(task, f"{self.name}: a task of {task.tensor}")

    def test_tasks_hold_no_more_than_they_may_where_rows_allow(self, bench: Bench) -> None:
        """`limits.task_memory`, but for rows that alone take more."""
        least = {(task.tensor, task.start): task.memory for task in self._tasks(bench, Limits(1, 1))}
        for task in self._tasks(bench, _TIGHT):
            most = max(_TIGHT.task_memory, least.get((task.tensor, task.start), 0))
            words = f"{self.name}: a task of {task.tensor} may hold {most} bytes, and says {task.memory}"
            promise(task.memory <= most, words)

    def test_tasks_hold_no_more_than_they_say(self, bench: Bench) -> None:
        """As Python's allocator counts it."""
        bench.built()
        held: list[tuple[Task, int]] = []
        bench.build(bench.new_folder(), limits=_TIGHT, run=most_held(held))
        for task, most in held:
            words = f"{self.name}: a task of {task.tensor} says that it holds {task.memory} bytes, and holds {most}"
            promise(most <= task.memory + _SLACK, words)

    @pytest.mark.parametrize("how", ["in reverse", "by threads", "in little memory", "twice", "again"])
    def test_the_same_bytes_however_it_is_built(self, bench: Bench, how: str) -> None:
        """An artifact's digest depends on nothing but recipe and source."""
        wanted, folder = contents(bench.built()), bench.new_folder()
        match how:
            case "in reverse":
                bench.build(folder, run=lambda tasks, tell: runner_of(reversed(tasks), tell))
            case "by threads":
                limits = Limits(4, 1 << 30)
                bench.build(folder, limits=limits, run=runner(ThreadExecutor(), limits))
            case "in little memory":
                bench.build(folder, limits=_TIGHT)
            case "twice":
                bench.build(folder, run=lambda tasks, tell: runner_of([*tasks, *tasks], tell))
            case _:
                bench.build(folder)
        found = contents(folder)
        other = [path for path in wanted if found.get(path) != wanted[path]]
        promise(not other, f"{self.name}: built {how}, {', '.join(other)} has other bytes")

    @pytest.mark.parametrize("when", ["at once", "in the middle", "at the end"])
    def test_a_build_that_fails_leaves_nothing(self, bench: Bench, when: str) -> None:
        """Under no name, the final one least of all."""
        bench.built()
        checkpoint, counted = failing(bench.checkpoint, None)
        bench.build(bench.new_folder(), checkpoint=checkpoint)
        reads = len(counted.reads)
        at = {"at once": 0, "in the middle": reads // 2, "at the end": reads - 1}[when]
        folder = bench.new_folder()
        with pytest.raises(SourceError):
            bench.build(folder, checkpoint=failing(bench.checkpoint, at)[0])
        left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
        promise(not left, f"{self.name}: a read failed {when}, and {', '.join(left)} is left")

    # Reading it back.

    def test_it_opens_as_the_layout_says(self, bench: Bench) -> None:
        """Every array at its offset, under its name."""
        found = bench.artifact(bench.built()).tensors
        for parts in bench.plan().layout.parts.values():
            for part in parts:
                there = found.get(part.name)
                at = None if there is None else (there.shape, there.offset, there.nbytes)
                wanted = (part.shape, part.offset, part.nbytes)
                promise(at == wanted, f"{self.name}: {part.name} opens as {at}; the layout says {wanted}")

    def test_weights_come_back(self, bench: Bench) -> None:
        """Every tensor is the source's, but for what its type loses."""
        checked = 0
        for name, source, stored in weights_of(bench, bench.built()):
            promise(source.shape == stored.shape, f"{self.name}: {name} comes back as {list(stored.shape)}")
            wide = source.astype(np.float64)
            off = float(np.sqrt(np.mean((wide - stored) ** 2) / max(float(np.mean(wide**2)), 1e-30)))
            promise(off <= self.loss, f"{self.name}: {name} is off by {off:.3f} of its root mean square")
            checked += 1
        promise(checked, f"{self.name}: no tensor of the artifact is one of the source's by name")

    def test_the_lock_comes_back(self, bench: Bench) -> None:
        """What made the artifact, with a digest for each tensor."""
        found, wanted = self.backend.read_lock(bench.artifact(bench.built())), bench.plan().provenance.lock
        if found is None:
            broken(f"{self.name}: read_lock finds no lock in an artifact that was built with one")
        same = wanted is not None and replace(found.lock, types=()) == replace(wanted, types=())
        promise(same, f"{self.name}: the lock that comes back is not the one that was written")
        fine = found.sealed and not found.damage
        promise(fine, f"{self.name}: the lock of an untouched artifact is not sealed")
        digests = [digest for tensor in found.tensors for digest in (tensor.digest, tensor.source_digest)]
        stored = [parts for parts in bench.plan().layout.parts.values() if parts]
        fine = len(found.tensors) >= len(stored) and all(len(each) == 64 for each in digests)
        promise(fine, f"{self.name}: the lock has not a SHA-256 for every tensor")

    def test_a_changed_artifact_is_told(self, bench: Bench) -> None:
        """A lock whose artifact was changed is not sealed, or refused; never taken for an untouched one."""
        folder, lock = bench.built(), bench.plan().provenance.lock
        changed = bench.new_folder()
        for path, data in contents(folder).items():
            (changed / path).parent.mkdir(parents=True, exist_ok=True)
            (changed / path).write_bytes(data.replace(lock.plan_digest.encode(), b"0" * 64) if lock else data)
        try:
            found = self.backend.read_lock(bench.artifact(changed))
        except SourceError:
            return
        fine = found is None or not found.sealed or found.damage
        promise(fine, f"{self.name}: a lock in which a digest was changed passes for the one that was written")

    def test_no_lock_comes_back_where_none_was_written(self, bench: Bench) -> None:
        """None, and no error."""
        folder = bench.built(lock=False)
        found = self.backend.read_lock(bench.artifact(folder))
        promise(found is None, f"{self.name}: read_lock finds a lock in an artifact without one")

    def test_a_foreign_checkpoint_has_no_lock(self, bench: Bench) -> None:
        """None, and no error: `inspect` asks every backend."""
        source = getattr(bench.checkpoint, "original", bench.checkpoint)
        promise(self.backend.read_lock(source) is None, f"{self.name}: read_lock finds a lock in the source")
        promise(self.backend.artifact(source) is None, f"{self.name}: artifact takes the source for one of its own")

    def _tasks(self, bench: Bench, limits: Limits = _TIGHT) -> list[Task]:
        plan, folder = bench.plan(), bench.new_folder()
        paths = {file.path: folder / str(number) for number, file in enumerate(plan.files)}
        for file in plan.files:
            paths[file.path].write_bytes(bytes(file.nbytes or 0))
        return list(self.backend.tasks(bench.job(plan, paths), limits))


def runner_of(tasks: Iterator[Task] | list[Task], tell: object) -> None:
    """Run tasks in this order."""
    runner(InlineExecutor(), _TIGHT)(list(tasks), tell)  # type: ignore[arg-type]


def _other_kind(output: str) -> str:
    """Return a file for a folder, and the other way round."""
    return output.rstrip("/") if output.endswith("/") else f"{output}/"
