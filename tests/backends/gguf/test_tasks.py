"""How tensors become tasks: one a piece, in steps that the memory allows, and what a task holds."""

from pathlib import Path

import numpy as np
import pytest

from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.types.task import Limits
from tests.backends.gguf.model_in_memory import ROOMY, Model, job, model, tensor, use


def experts(type_: str = "Q4_K", **more: object) -> Model:
    info = tensor("blk.0.ffn_up_exps.weight", (4, 6, 256), "BF16")
    return model([(info, np.ones((4, 6, 256)), use(type_))], **more)


def cut(it: Model, folder: Path, limits: Limits = ROOMY) -> list[tuple[int, int]]:
    return [(task.start, task.stop) for task in GgufBackend().tasks(job(it, folder), limits)]


def test_tasks_are_the_pieces_whatever_the_memory(tmp_path: Path):
    each = [(0, 6), (6, 12), (12, 18), (18, 24)]
    assert cut(experts(), tmp_path) == cut(experts(), tmp_path, Limits(8, 1)) == each
    data = {"blk.0.ffn_up_exps.weight": np.ones((4, 256), np.float32)}
    assert cut(experts(importance=data), tmp_path) == each


def test_no_task_holds_more_than_its_share(tmp_path: Path):
    limits = Limits(threads=2, memory=12_000)
    tasks = GgufBackend().tasks(job(experts(), tmp_path), limits)
    assert {task.memory for task in tasks} == {3 * (256 * (2 + 4) + 2 * 144)}
    assert sum(task.nbytes for task in tasks) == 24 * 144


def test_a_row_is_the_least(tmp_path: Path):
    tasks = GgufBackend().tasks(job(experts(), tmp_path), Limits(8, 1))
    assert {task.memory for task in tasks} == {256 * (2 + 4) + 2 * 144}


def test_a_task_stays_near_8_mib_of_float32(tmp_path: Path):
    info = tensor("output.weight", (9000, 256), "BF16")
    big = model([(info, np.ones((9000, 256), np.float32), use("Q8_0"))])
    assert cut(big, tmp_path) == [(0, 4500), (4500, 9000)]


def test_a_copy_holds_its_bytes_alone(tmp_path: Path):
    tasks = GgufBackend().tasks(job(experts("BF16"), tmp_path), Limits(1, 1_500))
    assert [(task.nbytes, task.memory) for task in tasks] == [(3072, 1024)] * 4


@pytest.mark.parametrize("source", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("wanted", ["F32", "F16", "BF16", "Q8_0", "Q4_K", "TQ2_0"])
def test_a_task_holds_no_more_than_it_says(tmp_path: Path, source: str, wanted: str):
    import tracemalloc  # noqa: PLC0415 - one test's tool

    rows = np.random.default_rng(3).standard_normal((2048, 512)).astype(np.float32)
    made = job(model([(tensor("t.weight", rows.shape, source), rows, use(wanted))]), tmp_path)
    (task,) = GgufBackend().tasks(made, ROOMY)
    task.work()  # what loads at the first use is not the task's
    tracemalloc.start()
    try:
        task.work()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= task.memory + 200_000
