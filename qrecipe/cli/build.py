"""`qrecipe build`: the main job. Preview, progress, summary on stderr; the artifacts' paths, or JSON, on stdout."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qrecipe.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from qrecipe import BuildResult, Built, Plan


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("build")(_build)


def _build(  # noqa: PLR0913, PLR0917 - one parameter a flag, as typer wants them
    recipe: options.RecipeOrPlan,
    source: options.Source = None,
    set_: options.Settings = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="The folder for what is built.", metavar="FOLDER")
    ] = ".",
    threads: Annotated[int | None, typer.Option(help="Workers; one a core by default.", min=1, max=1024)] = None,
    memory: Annotated[str, typer.Option(help="Most memory that the process may use.", metavar="SIZE")] = "1GiB",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, show the plan, write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace outputs that exist.")] = False,
    no_lock: options.NoLock = False,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", help="Build this target of the recipe alone; may be repeated.", metavar="NAME"),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help="Build only tensors that this covers, to look into; may be repeated.", metavar="PATTERN"
        ),
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Read remote weights as they are needed; download no files first.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of paths.")] = False,
) -> None:
    """Build every target of a recipe (or of a plan that `plan --json` printed).

    With --only, the artifact is a part of a model, for debugging: `-only` is put behind its name.
    """
    import qrecipe
    from qrecipe.cli import render
    from qrecipe.cli.preview import show_plan
    from qrecipe.cli.progress import Reporter

    console = render.err()
    given = options.settings(set_)
    budget = options.memory(memory)
    wanted, part = target or (), only or ()
    if dry_run:
        result = qrecipe.rehearse(
            recipe, source=source, set=given, output=output, force=force, lock=not no_lock, targets=wanted, only=part
        )
        show_plan(result.plan, console)
        console.print("dry run: nothing was written")
    else:
        start = time.monotonic()
        with Reporter(console) as reporter:
            result = qrecipe.build(
                recipe,
                source=source,
                set=given,
                output=output,
                threads=threads,
                memory=budget,
                force=force,
                lock=not no_lock,
                targets=wanted,
                only=part,
                stream=stream,
                on_event=reporter,
                on_plan=lambda plan: show_plan(plan, console),
            )
        _summary(result, time.monotonic() - start, console)
    render.show(result.plan.warnings)
    _tell(result, output, as_json=as_json)
    raise typer.Exit(0 if result.complete else 1)


def _tell(result: BuildResult, output: str, *, as_json: bool) -> None:
    """Print what scripts need: the paths of what was written, or a document."""
    from qrecipe.cli import document
    from qrecipe.errors import printable

    if as_json:
        document.show(
            recipe=result.plan.recipe,
            complete=result.complete,
            targets=[_document(built, output) for built in result.built],
            findings=[document.finding(found) for found in result.plan.warnings],
        )
        return
    for path in (path for built in result.built for path in built.paths):
        # A script wants the very bytes: click would take escapes out of text.
        typer.echo(printable(str(path)) if sys.stdout.isatty() else os.fsencode(path))


def _document(built: Built, output: str) -> dict[str, object]:
    from qrecipe.cli.certified import certified_document

    target = built.target
    return {
        "name": target.name,
        "backend": target.target.backend,
        "written": bool(built.paths),
        "only": target.provenance.only,
        "files": [{"path": str(Path(output, file.path)), "bytes": file.nbytes} for file in target.files],
        "tensor_bytes": target.tensor_bytes,
        "bits_per_weight": round(target.bits_per_weight, 4),
        "fallbacks": len(target.fallbacks),
        "requantized": sum(1 for decision in target.decisions if decision.requantized),
        "certified": certified_document(built),
    }


def _summary(result: BuildResult, seconds: float, console: Console) -> None:
    """Say what was built, how large it is, how long it took, what fell back, was decoded anew, and is certified."""
    from qrecipe.cli.certified import certified_lines
    from qrecipe.cli.preview import totals
    from qrecipe.errors import printable

    console.print()
    names = ", ".join(built.target.name for built in result.built)
    console.print(f"built {printable(names)} in {seconds:.1f} s", markup=False)
    for built in result.built:
        for line in (*totals(result.plan, built.target), *certified_lines(built)):
            console.print(f"  {printable(line)}", markup=False)
    _left_out(result.plan, console)


def _left_out(plan: Plan, console: Console) -> None:
    from qrecipe.cli.render import count

    if plan.missing:
        console.print(f"not built: {count(len(plan.missing), 'target')}, see the warnings")
