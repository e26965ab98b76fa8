"""`qrecipe tui`: the terminal application. Textual, an extra, loads when it runs."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from qrecipe.cli import options
from qrecipe.errors import Diagnostic, PluginError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tui")(_tui)


def _tui(
    recipe: Annotated[
        str | None,
        typer.Argument(help="A recipe, or a checkpoint to begin one for; without, there is a list.", metavar="RECIPE"),
    ] = None,
    source: options.Source = None,
    serve: Annotated[bool, typer.Option("--serve", help="Show it in a browser, on this machine.")] = False,
    port: Annotated[int, typer.Option(help="With --serve: where.", min=1, max=65535)] = 8000,
) -> None:
    """See every tensor's size, change rules, build: in the terminal, or in a browser."""
    if serve:
        serve_in_browser(recipe, source, port)
        return
    try:
        from qrecipe.tui.app import RecipeApp
    except ModuleNotFoundError as error:
        raise PluginError(_missing(error, "textual")) from None
    app = RecipeApp(recipe, source=source)
    app.run()
    raise typer.Exit(app.return_code or 0)


def serve_in_browser(recipe: str | None, source: str | None, port: int) -> None:
    """Show the application in a browser until it is interrupted; PluginError where textual-serve is not installed."""
    try:
        from textual_serve.server import Server
    except ModuleNotFoundError as error:
        raise PluginError(_missing(error, "textual_serve")) from None
    words = [sys.executable, "-m", "qrecipe", "tui"]
    words += [] if source is None else [f"--source={source}"]
    words += [] if recipe is None else ["--", recipe]
    Server(shlex.join(words), host="localhost", port=port, title="qrecipe").serve()


def _missing(error: ModuleNotFoundError, package: str) -> Diagnostic:
    if error.name is None or error.name.partition(".")[0] != package:
        raise error
    return Diagnostic(
        "extra-missing",
        "`qrecipe tui` needs packages that are not installed",
        why=f"{package.replace('_', '-')} is not there",
        fix="pip install 'qrecipe[tui]'",
    )
