"""`qrecipe tui` before there is an application: help, and what is missing."""

import subprocess
import sys

import pytest

BLOCKED = "import sys; sys.modules[{module!r}] = None; sys.argv = {argv!r}; from qrecipe.cli.main import main; main()"


def run(module, *arguments):
    program = BLOCKED.format(module=module, argv=["qrecipe", "tui", *arguments])
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "arguments", "lacks"),
    [
        ("textual", (), "textual"),
        ("textual", ("mine.toml",), "textual"),
        ("textual_serve", ("--serve",), "textual-serve"),
    ],
)
def test_a_package_that_is_missing_is_named(module, arguments, lacks):
    done = run(module, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "error: `qrecipe tui` needs packages that are not installed",
        f"why: {lacks} is not there",
        "fix: pip install 'qrecipe[tui]'",
    ]


def test_help_needs_none_of_them():
    done = run("textual", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--serve" in done.stdout
