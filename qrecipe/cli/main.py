"""The entry point: commands, and the one place where errors become words on stderr and exit codes.

A signal that asks to end (Ctrl-C, SIGTERM, a closed terminal) cleans up first. A stream that cannot show a character
gets its escape.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from qrecipe.cli import (
    build,
    check,
    explain,
    imatrix,
    importing,
    inspect,
    new,
    plan,
    plugins,
    schema,
    tui,
    types,
    verify,
)
from qrecipe.cli import eval as evaluation
from qrecipe.errors import Diagnostic, QrecipeError

_INTERRUPTED = 130  # what typer makes of a KeyboardInterrupt: 128 + SIGINT
_ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")

app = typer.Typer(
    name="qrecipe",
    help="Quantize a language model by a recipe: a small TOML file that says which tensor gets which type.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    build,
    plan,
    explain,
    check,
    new,
    tui,
    importing,
    imatrix,
    inspect,
    verify,
    evaluation,
    types,
    plugins,
    schema,
):
    command.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"qrecipe {version('qrecipe')}")
        raise typer.Exit


@app.callback()
def _options(
    _version_wanted: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Quantize a language model by a recipe."""


def main() -> None:
    """Run the command line; never a traceback for a user's mistake."""
    ended = _Ended()
    _prepare(ended)
    tell: Any = _Warned(warnings.showwarning)
    warnings.showwarning = tell
    try:
        app(prog_name="qrecipe")
    except QrecipeError as error:
        from qrecipe.cli.render import show

        show(error.diagnostics)
        sys.exit(1)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _interrupted(ended.by or signal.SIGINT)
        raise
    except OSError as error:
        if error.filename is None:
            _cannot_print(error)
        _refused(error)
        sys.exit(1)
    finally:
        ended.by = ended.by or 0  # the interpreter's own end takes a while, and has nothing to clean up


@dataclass(slots=True)
class _Ended:
    """Makes every signal that asks to end a KeyboardInterrupt, once: a second one must not stop the cleaning up."""

    by: int | None = None

    def __call__(self, number: int, _frame: object) -> None:
        if self.by is None:
            self.by = number
            raise KeyboardInterrupt


@dataclass(frozen=True, slots=True)
class _Warned:
    """Tells a Python warning of qrecipe's own, such as a `KernelNote`, as the finding that it carries."""

    otherwise: Callable[..., None]

    def __call__(self, message: Warning | str, *where: Any) -> None:  # noqa: ANN401 - as `warnings.showwarning` is called
        found = getattr(message, "diagnostic", None)
        if isinstance(found, Diagnostic):
            sys.stderr.write(f"{found}\n")  # a progress bar has taken stderr's place, and makes room
        else:
            self.otherwise(message, *where)


def _prepare(ended: _Ended) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for name in _ENDINGS:
        number = getattr(signal, name, None)  # Windows knows no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, ended)


def _interrupted(by: int) -> None:
    """Say so, and end as the shell expects of this signal."""
    with suppress(OSError):  # the terminal may be gone
        typer.echo("interrupted; nothing was left under a final name", err=True)
    sys.exit(128 + by)


def _refused(error: OSError) -> None:
    """Say what the system refused and nothing else foresaw."""
    from qrecipe.cli.render import show

    show(
        [
            Diagnostic(
                "system-refused",
                f"the system refused {os.fsdecode(error.filename)}",
                why=(error.strerror or str(error)).lower(),
                fix="check the path, its permissions and the disk",
            )
        ]
    )


def _cannot_print(error: OSError) -> None:
    """Say that stdout takes no more (a full disk behind `>`), and keep the interpreter from trying again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    typer.echo(f"error: cannot write to standard output: {(error.strerror or str(error)).lower()}", err=True)
    sys.exit(1)
