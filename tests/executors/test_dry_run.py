import pytest

from qrecipe.errors import BuildError
from qrecipe.executors.builtin import EXECUTORS
from qrecipe.executors.dry_run import DryRunExecutor
from qrecipe.types.task import Limits, Task


def test_nothing_runs_nothing_is_reported_and_the_build_stops():
    ran, events = [], []
    tasks = [Task("t.weight", i, i + 1, 100, 1, lambda: ran.append(1)) for i in range(3)]
    with pytest.raises(BuildError) as caught:
        DryRunExecutor().run(tasks, Limits(1, 1), events.append)
    assert (ran, events) == ([], [])
    assert str(caught.value) == (
        "error: nothing was built: 3 tasks would have written 300 bytes\n"
        "why: the executor 'dry-run' runs no task\n"
        "fix: choose another executor to build; `qrecipe build --dry-run` makes every check and exits 0"
    )


def test_the_built_in_executors_by_name():
    assert [executor.name for executor in EXECUTORS] == ["threads", "inline", "dry-run"]
