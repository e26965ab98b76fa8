"""The executors of this distribution, offered by `host/builtin.py`."""

from __future__ import annotations

from qrecipe.executors.dry_run import DryRunExecutor
from qrecipe.executors.inline import InlineExecutor
from qrecipe.executors.threads import ThreadExecutor
from qrecipe.types.task import Executor

EXECUTORS: tuple[Executor, ...] = (ThreadExecutor(), InlineExecutor(), DryRunExecutor())
