"""The built-in executors keep the contract of executors; the dry run runs nothing, and so is none in this sense."""

from qrecipe.executors.builtin import EXECUTORS
from qrecipe.executors.inline import InlineExecutor
from qrecipe.executors.threads import ThreadExecutor
from qrecipe.testing import ExecutorContract


class TestThreads(ExecutorContract):
    executor = ThreadExecutor()


class TestInline(ExecutorContract):
    executor = InlineExecutor()


def test_every_executor_is_tried():
    assert {type(each).__name__ for each in EXECUTORS} == {"ThreadExecutor", "InlineExecutor", "DryRunExecutor"}
