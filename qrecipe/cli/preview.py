"""The preview: what every tensor becomes and what each file will weigh, by role or tensor by tensor."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qrecipe.cli.render import count, shape, table
from qrecipe.errors import printable
from qrecipe.types.quantity import ranges, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from qrecipe import Plan, TargetPlan
    from qrecipe.types.decision import Decision

_BY_ROLE = (
    ("role", "left"),
    ("layers", "left"),
    ("tensors", "right"),
    ("shape", "left"),
    ("type", "left"),
    ("bits", "right"),
    ("size", "right"),
    ("share", "right"),
    ("rule", "left"),
    ("note", "left"),
)
_ALL = (("tensor", "left"), *_BY_ROLE[3:7], ("bytes", "right"), *_BY_ROLE[8:])


def show_plan(plan: Plan, console: Console, *, every: bool = False) -> None:
    """Print a table and the totals of each target."""
    for index, target in enumerate(plan.targets):
        if index:
            console.print()
        console.print(_every_tensor(target) if every else _by_role(target))
        for line in totals(plan, target):
            console.print(printable(line), markup=False)


def totals(plan: Plan, target: TargetPlan) -> Iterator[str]:
    """Yield the lines under a table: size, bits, what fell back, is decoded anew, is open, was left out."""
    yield _size_line(plan, target)
    if patterns := target.provenance.only:
        whole = len(plan.inventory.tensors)
        yield f"a part: {len(target.decisions)} of {whole} tensors, those of {', '.join(patterns)}; this is no model"
    yield from _estimates(target)
    yield from fallbacks(target)
    anew = sum(1 for decision in target.decisions if decision.requantized)
    if anew:
        plural = "is" if anew == 1 else "are"
        yield f"requantized: {count(anew, 'tensor')} {plural} quantized in the source; decoded and encoded anew"
    choices = sum(1 for decision in target.decisions if decision.open)
    if choices:
        have = "has" if choices == 1 else "have"
        yield f"open: {count(choices, 'tensor')} {have} other choices, any(…); the first that fits is taken"
    yield from _folder(target)
    for left in () if target.writes_folder and not patterns else plan.inventory.left_out:
        needed = f"; to use them: {left.needed}" if left.needed else ""
        yield f"left out: {count(left.count, f'{left.kind} tensor')} ({size(left.nbytes)}){needed}"


def _folder(target: TargetPlan) -> Iterator[str]:
    """Yield what a folder target has besides, or has not: tensors that are copied, those that only GGUF has, files."""
    if not target.writes_folder:
        return
    decided = {decision.tensor.name for decision in target.decisions}
    besides = [part for name, parts in target.layout.parts.items() if name not in decided for part in parts]
    if besides:
        nbytes = sum(part.nbytes for part in besides)
        yield f"copied besides: {count(len(besides), 'tensor')} ({size(nbytes)}) that the text model does not use"
    none = [decision.tensor.name for decision in target.decisions if not target.layout.parts[decision.tensor.name]]
    if none:
        yield f"not stored: {', '.join(none)}; the checkpoint has none, and its runtimes make them"
    weights = sum(file.path.endswith(".safetensors") for file in target.files)
    if len(target.files) > weights:
        yield f"{count(len(target.files), 'file')}, {weights} of them weights"


def fallbacks(target: TargetPlan) -> Iterator[str]:
    """Yield one line for each kind of fallback: from what, to what, why, how often."""
    kinds = Counter((_fallen(d), str(d.type), _why(d)) for d in target.fallbacks)
    for (wanted, got, why), number in kinds.items():
        yield f"fallback: {count(number, 'tensor')} got {got} instead of {wanted}: {why}"


def _size_line(plan: Plan, target: TargetPlan) -> str:
    exact = target.file_bytes
    total = (
        f"{exact:,} bytes ({size(exact)})" if exact is not None else f"about {size(target.file_bytes_estimate or 0)}"
    )
    line = f"{target.target.output}: {total}, {target.bits_per_weight:.2f} bits per weight"
    if plan.source_bytes:
        share = target.tensor_bytes / plan.source_bytes
        line += f"; the tensors take {share:.1%} of the source's {size(plan.source_bytes)}"
    return line


def _estimates(target: TargetPlan) -> Iterator[str]:
    for why in dict.fromkeys(file.why_estimate for file in target.files if file.why_estimate):
        yield f"estimate: {why}; the tensors' {target.tensor_bytes:,} bytes are exact"


def _by_role(target: TargetPlan) -> object:
    groups: dict[tuple[str, str, str, str], list[Decision]] = {}
    for decision in target.decisions:
        key = (decision.tensor.role, _type(decision), _rule(decision), _note(decision))
        groups.setdefault(key, []).append(decision)
    roles = list(dict.fromkeys(role for role, *_ in groups))
    ordered = sorted(groups.items(), key=lambda group: roles.index(group[0][0]))
    rows = [_row(target, key, members) for key, members in ordered]
    return table(f"{target.name}: {count(len(target.decisions), 'tensor')}", _BY_ROLE, rows)


def _row(target: TargetPlan, key: tuple[str, str, str, str], members: Sequence[Decision]) -> tuple[str, ...]:
    role, type_, rule, note = key
    nbytes = sum(map(target.nbytes, members))
    shapes = list(dict.fromkeys(shape(decision.tensor.shape) for decision in members))
    weights = sum(decision.tensor.params for decision in members)
    return (
        role,
        ranges({decision.tensor.layer for decision in members if decision.tensor.layer is not None}),
        str(len(members)),
        shapes[0] + (f" and {len(shapes) - 1} more" if len(shapes) > 1 else ""),
        type_,
        f"{8 * nbytes / max(weights, 1):.2f}",
        size(nbytes),
        f"{nbytes / max(target.tensor_bytes, 1):.1%}",
        rule,
        note,
    )


def _every_tensor(target: TargetPlan) -> object:
    rows = [
        (
            decision.tensor.name,
            shape(decision.tensor.shape),
            _type(decision),
            f"{8 * target.nbytes(decision) / max(decision.tensor.params, 1):.2f}",
            size(target.nbytes(decision)),
            f"{target.nbytes(decision):,}",
            _rule(decision),
            _note(decision),
        )
        for decision in target.decisions
    ]
    return table(f"{target.name}: {count(len(rows), 'tensor')}", _ALL, rows)


def _type(decision: Decision) -> str:
    return f"{decision.type} kept" if decision.keep else str(decision.type)


def _rule(decision: Decision) -> str:
    if decision.rule is None:
        return "protected"
    name = decision.rule.file.replace("\\", "/").rpartition("/")[2]
    return f"{name}:{decision.rule.line}" if decision.rule.line is not None else f"{name}[{decision.rule.index}]"


def _note(decision: Decision) -> str:
    notes = []
    if decision.fell_back:
        notes.append(f"fallback from {_fallen(decision)}")
    if decision.requantized:
        notes.append(f"from {decision.tensor.dtype}")
    if decision.copied and not decision.keep:
        notes.append("copied")
    if decision.open:
        notes.append(f"or {', '.join(decision.open)}")
    return "; ".join(notes)


def _fallen(decision: Decision) -> str:
    return next(entry.type for entry in decision.passed_over if entry.code == "shape")


def _why(decision: Decision) -> str:
    return next(entry.why for entry in decision.passed_over if entry.code == "shape")
