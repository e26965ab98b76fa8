"""The entry point: commands, and the one place where errors become words on stderr and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from qrecipe.cli import build, check, explain, inspect, plan, types
from qrecipe.errors import QrecipeError

app = typer.Typer(
    name="qrecipe",
    help="Quantize a language model by a recipe: a small TOML file that says which tensor gets which type.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (build, plan, explain, check, inspect, types):
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
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except QrecipeError as error:
        from qrecipe.cli.render import show

        show(error.diagnostics)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("interrupted; nothing was left under a final name", err=True)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has gone: `qrecipe types | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _terminate(_signal: int, _frame: object) -> None:
    """Let SIGTERM clean up as Ctrl-C does."""
    raise KeyboardInterrupt
