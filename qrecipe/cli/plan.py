"""`qrecipe plan`: what a recipe makes of a model, before anything is built."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from qrecipe.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qrecipe import Measurement, Plan
    from qrecipe.types.verification import Survival

_SHOWN = 10  # tensors of a target, without --all


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(_plan)


def _plan(  # noqa: PLR0913, PLR0917 - one parameter a flag, as typer wants them
    recipe: options.Recipe,
    source: options.Source = None,
    set_: options.Settings = None,
    as_json: options.Json = False,
    every: Annotated[bool, typer.Option("--all", help="One line a tensor instead of one a role.")] = False,
    no_lock: options.NoLock = False,
    measured: Annotated[
        bool, typer.Option("--measure", help="Try it out on a few rows of each tensor: how close are they?")
    ] = False,
    exact: Annotated[bool, typer.Option("--exact", help="With --measure: on all rows.")] = False,
) -> None:
    """Show each tensor's type and the exact size of every file. Writes nothing; only --measure reads weights."""
    import qrecipe
    from qrecipe.cli import preview, render

    plan = qrecipe.plan(recipe, source=source, set=options.settings(set_), lock=not no_lock)
    if exact and not measured:
        raise typer.BadParameter("it goes with --measure", param_hint="--exact")
    if measured:
        found = _measured(recipe, source, set_, exact=exact)
        if as_json:
            _show_json(plan, found)
        else:
            _show_measured(plan, found, every=every)
    elif as_json:
        typer.echo(qrecipe.plan_json(plan))
    else:
        preview.show_plan(plan, render.out(), every=every)
    render.show(plan.warnings)


def _measured(recipe: str, source: str | None, set_: list[str] | None, *, exact: bool) -> Sequence[Measurement]:
    import qrecipe
    from qrecipe.cli import render
    from qrecipe.cli.progress import Reporter

    with Reporter(render.err(), "measuring") as reporter:
        return qrecipe.measure(
            recipe,
            source=source,
            set=options.settings(set_),
            exact=exact,
            on_event=reporter if exact else None,
        )


def _show_json(plan: Plan, found: Sequence[Measurement]) -> None:
    import qrecipe
    from qrecipe.cli import document
    from qrecipe.cli.values import value_document

    document.show(
        plan=json.loads(qrecipe.plan_json(plan)),
        exact=found[0].exact if found else False,
        measured=[
            {
                "target": each.target,
                "values": [value_document(values) for values in each.values],
                "survival": None if each.survival is None else asdict(each.survival),
            }
            for each in found
        ],
    )


def _show_measured(plan: Plan, found: Sequence[Measurement], *, every: bool) -> None:
    """Print the plan, and behind it how far each target's tensors are from the source's."""
    from qrecipe.cli import preview, render
    from qrecipe.cli.values import COLUMNS, value_row

    console = render.out()
    preview.show_plan(plan, console, every=every)
    for each in found:
        worst = sorted(each.values, key=lambda values: values.relative, reverse=True)
        shown = worst if every else worst[:_SHOWN]
        rows = "all rows" if each.exact else "a few rows of each"
        title = f"{each.target}: {render.count(len(worst), 'tensor')} against the source, {rows}, the furthest first"
        console.print()
        console.print(render.table(title, COLUMNS, map(value_row, shown)))
        hidden = worst[len(shown) :]
        if hidden:
            same = sum(values.identical == 1 for values in hidden)
            text = f"{len(hidden)} more tensors are nearer, {same} of them identical; --all shows them"
            console.print(text, markup=False)
        if each.survival is not None:
            console.print(_survival(each.survival), markup=False)


def _survival(found: Survival) -> str:
    """Say what is left in the runtime's dtype, and what would keep more."""
    kept = f"in {found.dtype}, {_percent(found.share)} of the quantized weights are the source's"
    more = ", ".join(f"{words} {_percent(share)}" for words, share in found.better)
    return f"{kept}; more would be with {more}" if more else kept


def _percent(share: float) -> str:
    """Return a percentage that is 100 only where all are."""
    return f"{math.floor(share * 10000) / 100:.2f}%"
