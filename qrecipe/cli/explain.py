"""`qrecipe explain`: why one tensor has its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qrecipe.cli import options

if TYPE_CHECKING:
    from qrecipe import Explanation, RuleVerdict
    from qrecipe.types.decision import RuleRef


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(_explain)


def _explain(
    recipe: options.Recipe,
    tensor: Annotated[str, typer.Argument(help="A tensor's name; a final .weight may be left out.")],
    source: options.Source = None,
    set_: options.Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Say which rule decides a tensor's type, why the others do not, what was passed over, and all facts."""
    import qrecipe
    from qrecipe.cli import document
    from qrecipe.errors import printable

    explanations = qrecipe.explain(recipe, tensor, source=source, set=options.settings(set_))
    if as_json:
        document.show(tensor=explanations[0].decision.tensor.name, targets=[_document(found) for found in explanations])
        return
    lines = "\n\n".join(map(str, explanations)).split("\n")
    typer.echo("\n".join(map(printable, lines)))


def _document(found: Explanation) -> dict[str, object]:
    decision = found.decision
    return {
        "target": found.target,
        "type": str(decision.type),
        "keep": decision.keep,
        "bytes": found.nbytes,
        "shape": decision.tensor.shape,
        "source_type": decision.tensor.dtype,
        "protected": decision.protected,
        "rule": None if decision.rule is None else _place(decision.rule),
        "passed_over": [{"type": e.type, "code": e.code, "why": e.why} for e in decision.passed_over],
        "open": decision.open,
        "rules": [_verdict(verdict) for verdict in found.verdicts],
        "facts": dict(sorted(found.facts.items())),
    }


def _verdict(found: RuleVerdict) -> dict[str, object]:
    return {
        **_place(found.rule),
        "match": found.match,
        "when": found.when or None,
        "type": found.type,
        "why": found.why,
        "verdict": found.verdict,
        "facts": dict(found.facts),
    }


def _place(rule: RuleRef) -> dict[str, object]:
    return {"file": rule.file, "index": rule.index, "line": rule.line}
