"""Broken plug-ins are caught, each by the test that names the promise, and by no other."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SUITES = Path(__file__).with_name("suites.py")
CAUGHT = {
    "TestBytes": None,
    "TestWrapped": None,
    "TestHeavy": "test_loading_it_loads_no_heavy_package",
    "TestWrongSize": "test_encoded_size_is_what_nbytes_promised",
    "TestWrongRounding": "test_the_error_stays_within_the_stated_bound",
    "TestRandom": "test_encoding_gives_the_same_bytes_every_time",
    "TestRowsDepend": "test_a_row_encodes_the_same_alone_and_in_company",
    "TestMutates": "test_encoding_leaves_its_input_as_it_is",
    "TestHangs": "test_encoded_size_is_what_nbytes_promised",
    "TestNotThreadSafe": "test_threads_give_the_bytes_of_one",
    "TestDecodesToDoubles": "test_decoding_gives_float32_of_the_rows_shape",
    "TestCounts": "test_what_it_counts_can_be",
    "TestLiesAboutMemory": "test_tasks_hold_no_more_than_they_say",
    "TestWritesHalf": "test_a_build_that_fails_leaves_nothing",
    "TestHangsInATask": "test_a_build_comes_to_its_end",
    "TestRunsTwice": "test_every_task_runs_once",
    "TestSwallows": "test_the_first_failure_is_raised",
    "TestIgnoresMemory": "test_memory_stays_below_the_limit",
    "TestReadsOutside": "test_a_read_outside_a_tensor_is_refused",
    "TestDisagrees": "test_shapes_agree_with_the_metadata",
    "TestNotTotal": "test_it_is_total",
    "TestMoody": "test_it_gives_the_same_every_time",
    "TestLoud": "test_its_hooks_load_no_heavy_package",
    "TestOutdated": "test_it_says_which_interface_it_is_written_for",
}
SAID = (
    "bytes: 7 rows of 64 encode to 477 bytes; nbytes says 476",
    "bytes: weights of size 0.02: a weight is off by 0.00",
    "bytes: equal rows encode to different bytes",
    "bytes: a row's bytes depend on the rows beside it",
    "bytes: encode changes the rows that it is given",
    "TestHangs.test_encoded_size_is_what_nbytes_promised has not ended after 1 s; it is at",
    "bytes: several threads give other bytes",
    "bytes: 3 rows of 64 decode to float64 [3, 64]",
    "bytes: importing its module loads numpy",
    "counts: counts that cannot be: BlockCounts(blocks=1, certified=2, near=0)",
    "broken: a read failed at once, and model.gguf is left",
    "TestHangsInATask.test_a_build_comes_to_its_end has not ended after 6 s; it is at",
    "inline: of 30 tasks these did not run once: {29: 2}",
    "inline: a task failed, and run returns as if all were well",
    "threads: tasks of ",
    "outside: a read of a.weight far beyond gives 1 bytes instead of a SourceError",
    "llama: blk.0.ffn_up.weight has 11 rows; llama.feed_forward_length is 12",
    "halves(4096) raises ZeroDivisionError: integer division or modulo by zero; functions are total",
    "moody(0) gives ",
    "tests.testing.loud: its hooks cannot be asked: it prints 'hello\\n'",
    "tests.testing.outdated: write qrecipe_api = 1 beside the hooks",
)


@pytest.fixture(scope="module")
def run():
    command = [sys.executable, "-m", "pytest", SUITES, "-q", "-rfE", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return subprocess.run(command, capture_output=True, text=True, cwd=SUITES.parents[2]).stdout


@pytest.mark.parametrize("suite", CAUGHT)
def test_the_right_test_fails_and_no_other(run, suite):
    caught = set(re.findall(rf"^(?:FAILED|ERROR) \S+::{suite}::(\w+)", run, re.MULTILINE))
    assert caught == {CAUGHT[suite]} - {None}


@pytest.mark.parametrize("words", SAID, ids=range(len(SAID)))
def test_failures_say_which_promise_was_broken(run, words):
    assert words in run


def test_every_broken_plug_in_is_tried(run):
    tried = set(re.findall(r"^class (Test\w+)", SUITES.read_text(), re.MULTILINE))
    assert tried == set(CAUGHT)
