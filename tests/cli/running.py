"""Starts the command line as a user does."""

import subprocess
import sys


def qrecipe(*words, code=0, **given):
    """Run a command; its exit code must be `code`, and no traceback may be seen."""
    run = subprocess.run([sys.executable, "-m", "qrecipe", *map(str, words)], capture_output=True, text=True, **given)
    assert run.returncode == code, run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    return run
