"""Faults of a resolution, gathered tensor by tensor and told rule by rule: one message names all its tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qrecipe.errors import Diagnostic, Location

if TYPE_CHECKING:
    from qrecipe.recipe.recipe import Rule
    from qrecipe.types.decision import Decision, PassedOver, RuleRef
    from qrecipe.types.format import Fit
    from qrecipe.types.tensor import TensorInfo

_NAMED = 4  # tensors that a message names before it counts


def listed(names: Sequence[str]) -> str:
    """Return `a, b, c, d and 17 more`."""
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def tensors(names: Sequence[str]) -> str:
    """Return `tensor a` or `5 tensors (a, b, …)`."""
    return f"tensor {names[0]}" if len(names) == 1 else f"{len(names)} tensors ({listed(names)})"


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


@dataclass(slots=True)
class Faults:
    """Collects; `diagnostics()` tells. `data` lists the tensors with imatrix data, None without an imatrix."""

    data: frozenset[str] | None
    _unmatched: list[str] = field(default_factory=list)
    _unfit: dict[tuple[str, str], tuple[Rule, list[str]]] = field(default_factory=dict)
    _torn: dict[int, tuple[Rule, list[str]]] = field(default_factory=dict)
    _kept: dict[str, list[str]] = field(default_factory=dict)
    _starved: dict[tuple[RuleRef | None, str, str], list[str]] = field(default_factory=dict)
    _misfit: dict[tuple[RuleRef | None, str, str], list[str]] = field(default_factory=dict)

    def unmatched(self, tensor: TensorInfo) -> None:
        """Note a tensor that no rule reaches."""
        self._unmatched.append(tensor.name)

    def nothing_fits(self, rule: Rule, tensor: TensorInfo, passed: Sequence[PassedOver]) -> None:
        """Note that no entry of a rule's chain fits this tensor."""
        why = "; ".join(f"{entry.type}: {entry.why}" for entry in passed)
        self._unfit.setdefault((str(rule.ref), why), (rule, []))[1].append(tensor.name)

    def torn(self, rule: Rule, tensor: TensorInfo) -> None:
        """Note that an `hf:` pattern covers some but not all of what a tensor is stacked from."""
        self._torn.setdefault(id(rule), (rule, []))[1].append(tensor.name)

    def cannot_keep(self, tensor: TensorInfo, dtype: str) -> None:
        """Note a tensor whose dtype no plug-in knows, so that it cannot be kept."""
        self._kept.setdefault(dtype, []).append(tensor.name)

    def imatrix(self, decision: Decision, fits: Mapping[str, Fit]) -> None:
        """Note a type that needs imatrix data which this tensor lacks, and a fit that cannot serve a type."""
        use = decision.type
        if decision.copied or use.format.is_float:
            return
        fit = fits.get(use.fit.name)
        if fit is not None and (why := fit.refuses(use)) is not None:
            self._misfit.setdefault((decision.rule, str(use), why), []).append(decision.tensor.name)
        if (self.data is None or decision.tensor.name not in self.data) and (why := _hungry(decision, fit)):
            self._starved.setdefault((decision.rule, str(use), why), []).append(decision.tensor.name)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return one diagnostic a kind, rule and cause."""
        starved = self._starved.items()
        return (
            *((_unmatched(self._unmatched),) if self._unmatched else ()),
            *(_unfit(rule, why, names) for (_, why), (rule, names) in self._unfit.items()),
            *(_torn(rule, names) for rule, names in self._torn.values()),
            *(_unkeepable(dtype, names) for dtype, names in self._kept.items()),
            *(_misfit(type_of_rule(rule), use, why, names) for (rule, use, why), names in self._misfit.items()),
            *(self._starving(type_of_rule(rule), f"{use} needs", why, names) for (rule, use, why), names in starved),
        )

    def _starving(self, where: Location | None, needs: str, why: str, names: Sequence[str]) -> Diagnostic:
        given = self.data is not None
        return Diagnostic(
            "imatrix-entry-missing" if given else "imatrix-missing",
            f"{needs} imatrix data for {tensors(names)}",
            where,
            why=f"{why}, and {f'the imatrix has no data for {_it(names)}' if given else 'the recipe names no imatrix'}",
            fix=(
                'let another rule take what has no data: when = "imatrix" on this one'
                if given
                else 'set imatrix = "FILE" in the recipe, or choose a type that does without'
            ),
        )


def type_of_rule(rule: RuleRef | None) -> Location | None:
    """Return the place of a rule's type; None for a tensor that no rule decides."""
    return None if rule is None else Location(rule.file, f"rules[{rule.index}].type", rule.line)


def _hungry(decision: Decision, fit: Fit | None) -> str | None:
    """Say why this decision cannot do without imatrix data; None if it can."""
    use = decision.type
    if fit is not None and fit.importance == "required":
        return f"fit={fit.name} is made from it"
    if use.format.imatrix == "required":
        return f"{use.format.name} cannot be encoded without"
    if use.format.imatrix == "needed" and use.fit.name != "rtn":
        return f"{use.format.name} is poor without; only fit=rtn asks for that"
    return None


def _unmatched(names: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "unmatched-tensor",
        f"no rule takes {tensors(names)}",
        why="every tensor that is not protected needs a rule; nothing is chosen silently",
        fix=f'add a rule for {_it(names)}, or end the rules with match = "**"',
    )


def _unfit(rule: Rule, why: str, names: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "no-type-fits",
        f"no type of the chain fits {tensors(names)}",
        rule.where_type.whole(),
        why=why,
        fix="add an entry that fits to the end of the chain (keep always does), or another rule before this one",
    )


def _torn(rule: Rule, names: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "torn-stack",
        f"the pattern covers only some of the checkpoint's tensors that are stacked into {tensors(names)}",
        rule.where_match.whole(),
        why="a stack is one tensor, and one tensor has one type",
        fix="write the pattern so that it covers all of them (a * for the expert's number) or none",
    )


def _unkeepable(dtype: str, names: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "unknown-dtype",
        f"{tensors(names)} cannot be kept: no plug-in knows the dtype {dtype}",
        why="its size and bytes could not be told",
        fix="choose a type for it, or install a plug-in that offers this dtype",
    )


def _misfit(where: Location | None, use: str, why: str, names: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        "fit-refused",
        f"{use} cannot be made for {tensors(names)}",
        where,
        why=why,
        fix="choose another fit, or leave it out for the default",
    )
