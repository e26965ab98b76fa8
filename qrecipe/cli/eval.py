"""`qrecipe eval`: what a quantization costs, on a text."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qrecipe.cli import options

if TYPE_CHECKING:
    from qrecipe import EvalSettings, Evaluation, TensorCosts


class _Engine(StrEnum):
    transformers = "transformers"
    llama_cpp = "llama.cpp"
    both = "both"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("eval")(_eval)


def _eval(  # noqa: PLR0913, PLR0917 - one parameter a flag, as typer wants them
    artifacts: Annotated[
        list[str], typer.Argument(help="GGUF files and folders, built from one model.", metavar="ARTIFACT...")
    ],
    source: Annotated[str, typer.Option(help="The checkpoint that they were made from.", metavar="SOURCE")],
    text: Annotated[str, typer.Option(help="A file of plain text.", metavar="FILE")],
    engine: Annotated[
        _Engine,
        typer.Option(help="Who computes: transformers, llama.cpp (which a GGUF source needs), or both, compared."),
    ] = _Engine.transformers,
    window: Annotated[int, typer.Option(help="Tokens of a window.", min=16, max=1 << 20)] = 512,
    windows: Annotated[int | None, typer.Option(help="Windows to read; all of the text by default.", min=1)] = None,
    per_tensor: Annotated[
        str | None,
        typer.Option("--per-tensor", help="Measure each tensor alone, and write that to FILE.", metavar="FILE"),
    ] = None,
    plot: Annotated[
        str | None, typer.Option(help="Draw size against KL divergence; FILE.svg or FILE.png.", metavar="FILE")
    ] = None,
    as_json: options.Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown instead of a table.")] = False,
    llama_perplexity: Annotated[
        str | None,
        typer.Option("--llama-perplexity", help="The tool of engine llama.cpp; found on the path.", metavar="PATH"),
    ] = None,
    cache: Annotated[
        str | None, typer.Option(help="Where the source's predictions are kept.", metavar="FOLDER")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of --plot and --per-tensor.")] = False,
    threads: Annotated[int | None, typer.Option(help="Workers; one a core by default.", min=1, max=1024)] = None,
) -> None:
    """Measure artifacts against their source on a text: KL divergence, top-1 agreement, perplexity."""
    import qrecipe

    if per_tensor is not None and (len(artifacts) > 1 or engine is not _Engine.transformers):
        raise typer.BadParameter("it takes one artifact, and engine transformers", param_hint="--per-tensor")
    if cache is not None and no_cache:
        raise typer.BadParameter("it keeps something, --no-cache nothing", param_hint="--cache")
    drawn, written = (None if path is None else Path(path) for path in (plot, per_tensor))
    qrecipe.check_outputs(drawn, written, replace=force)
    settings = qrecipe.EvalSettings(window, windows, engine.value, llama_perplexity, cache, not no_cache, threads)
    found, costs = _measured(artifacts, source, text, settings, each=written is not None)
    if written is not None and costs is not None:
        qrecipe.write_costs(costs, written, replace=force)
    if drawn is not None:
        qrecipe.write_plot(found, drawn, replace=force)
    _show(found, as_json=as_json, markdown=markdown)


def _measured(
    artifacts: list[str], source: str, text: str, settings: EvalSettings, *, each: bool
) -> tuple[Evaluation, TensorCosts | None]:
    """Measure; with `each`, each tensor too."""
    import qrecipe
    from qrecipe.cli import render
    from qrecipe.cli.eval_progress import Watcher

    with Watcher(render.err()) as watcher:
        if not each:
            return qrecipe.evaluate(artifacts, source, text, settings, watcher), None
        costs = qrecipe.evaluate_tensors(artifacts[0], source, text, settings, watcher)
    return costs.evaluation, costs


def _show(found: Evaluation, *, as_json: bool, markdown: bool) -> None:
    from qrecipe.cli import document, render
    from qrecipe.cli.eval_tables import document_of, tables_of

    if as_json:
        document.show(**document_of(found))
    elif markdown:
        typer.echo("\n\n".join(table.markdown() for table in tables_of(found)))
    else:
        console = render.out()
        for number, each in enumerate(tables_of(found)):
            if number:
                console.print()
            console.print(render.table(each.title, each.columns, each.rows))
            for note in each.notes:
                console.print(note, markup=False)
    if not as_json:
        render.show(found.findings)
