"""The entry point: commands, and the one place where errors become words on stderr and exit codes."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from qrecipe.cli import build, check, explain, inspect, plan, types
from qrecipe.errors import QrecipeError

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it

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
        app(prog_name="qrecipe")
    except QrecipeError as error:
        from qrecipe.cli.render import show

        show(error.diagnostics)
        sys.exit(1)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            typer.echo("interrupted; nothing was left under a final name", err=True)
        raise


def _terminate(_signal: int, _frame: object) -> None:
    """Let SIGTERM clean up as Ctrl-C does."""
    raise KeyboardInterrupt
