"""Runs command lines in one fresh Python, and says what each showed: seventy starts of their own would take a minute.

A child of the tests: `python -m tests.fuzz.shown < COMMANDS > RESULTS`, both JSON; what was shown comes as `latin-1` of
its bytes. Files stand behind stdout and stderr, as they do when a shell sends them there.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from tests.conftest import python_path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Shown:
    """What a command line ended with: its status, stdout, stderr."""

    status: int
    out: str
    err: str


def shown(folder, commands):
    """Run `qrecipe` with each of these words, in order, in a folder; return what each showed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.shown"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": python_path(ROOT)},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        Shown(status, *(text.encode("latin-1").decode("utf-8", "surrogateescape") for text in texts))
        for status, *texts in json.loads(done.stdout)
    ]


def main():
    results = os.fdopen(os.dup(1), "w")
    json.dump([_ran(words) for words in json.load(sys.stdin)], results)
    results.close()


def _ran(words):
    from qrecipe.cli.main import main as qrecipe  # noqa: PLC0415 - the child's

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        status = None
        try:
            with patch.object(sys, "argv", ["qrecipe", *words]):
                qrecipe()
        except SystemExit as end:
            status = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
        return [status, *(_read(file) for file in (out, err))]


def _read(file):
    file.seek(0)
    return file.read().decode("latin-1")


if __name__ == "__main__":
    main()
