"""A command line over a model → rules, in the order in which llama-quantize decides.

1 `--leave-output-tensor`; 2 `--token-embedding-type`; 3 `--output-tensor-type`; 4 `--tensor-type`, first match; 5 the
mixture, a shipped base. Its counters see only tensors that nothing before took: what that shifts is written as rules of
its own, found by resolving the base twice. What a pattern covers is held against the model's names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from qrecipe.codecs.ggml.table import type_named
from qrecipe.dialects.llama_quantize.faults import refused
from qrecipe.dialects.llama_quantize.names import globs_of
from qrecipe.dialects.llama_quantize.patterns import pattern_of
from qrecipe.errors import Diagnostic
from qrecipe.recipe.load import load_recipe
from qrecipe.recipe.toml_text import toml_value

if TYPE_CHECKING:
    from qrecipe.dialects.llama_quantize.command import Command
    from qrecipe.dialects.llama_quantize.overrides import Override
    from qrecipe.types.dialect import DialectModel

TOKENS, PER_LAYER, HEAD = "token_embd.weight", "per_layer_token_embd.weight", "output.weight"
_LOOKED_UP = (HEAD, TOKENS, PER_LAYER)  # those whose imatrix data llama-quantize does not insist on
_WITHOUT = "it is not at hand, and what it holds decides here"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule to be written; `str()` gives it as TOML."""

    match: str
    type: str
    why: str
    when: str = ""
    optional: bool = False

    def __str__(self) -> str:
        why = self.why.replace("${", "$ {")  # their patterns hold no variables
        lines = {"match": self.match, "when": self.when, "type": self.type, "why": why}
        text = "".join(f"{key} = {toml_value(value)}\n" for key, value in lines.items() if value)
        return f"\n[[rules]]\n{text}" + ("optional = true\n" if self.optional else "")


@dataclass(slots=True)
class Rules:
    """Makes the rules; `findings` are warnings. `quantized` are the names that llama-quantize may touch."""

    command: Command
    model: DialectModel | None
    quantized: Sequence[str] = ()
    made: list[Rule] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    overridden: set[str] = field(default_factory=set)

    def make(self) -> list[Rule]:
        """Return the rules that stand before the base's."""
        if self.command.file_type.is_copy:
            return self.made
        self._fixed()
        if self.command.asks_rules:
            self._overrides()
            self._pure() if self.command.pure else self._mixture()
        elif self.command.overrides:
            self._ignored(self.command.overrides)
        return self.made

    def _fixed(self) -> None:
        """Write the three options that come before everything else, and know no fallback."""
        command = self.command
        if "--leave-output-tensor" in command.flags:
            self._named([HEAD], "keep", "--leave-output-tensor")
        if command.embedding_type is not None:
            named = any(each.pattern.hits(PER_LAYER) for each in command.overrides)
            names = [TOKENS] if named else [TOKENS, PER_LAYER]
            self._named(names, command.embedding_type, f"--token-embedding-type {command.embedding_type}")
        if command.output_type is not None:
            self._named([HEAD], command.output_type, f"--output-tensor-type {command.output_type}")

    def _named(self, names: Sequence[str], type_: str, why: str, when: str = "") -> None:
        """Write a rule for tensors by name, those that the model has."""
        left = [name for name in names if name not in self.taken]
        if self.model is not None:
            left = [name for name in left if name in self.quantized]
        rest = left if self._without_data(left, type_) else []
        optional = self.model is None or rest != left or self._hungry(type_) is not None
        self.made += [Rule(glob, type_, why, when, optional) for glob in globs_of(rest)]
        if not when:
            self.taken |= set(left)

    def _overrides(self) -> None:
        for each in self.command.overrides:
            left = [name for name in self.quantized if name not in self.taken]
            hits = [name for name in left if each.pattern.hits(name)]
            if self.model is not None and not hits:
                self.findings.append(self._idle(each))
                continue
            known = None if self.model is None else (left, hits)
            alone = bool(hits) and set(hits) <= set(_LOOKED_UP)
            more = self._without_data([name for name in hits if name in _LOOKED_UP], self._chain(each.type))
            matches = pattern_of(each, known, needs_model=lambda: self._needs_model("--tensor-type"))
            hungry = self._hungry(each.type) is not None
            for match in matches if more or not alone else ():
                why = f"--tensor-type {each.given}"
                self.made.append(Rule(match, self._chain(each.type), why, optional=alone and hungry))
            self.taken |= set(hits)
            self.overridden |= set(hits)

    def _hungry(self, type_: str) -> str | None:
        """Return the chain that does without imatrix data, for a type that needs data; None for others."""
        variables = load_recipe(self.command.file_type.base).variables.values
        while type_.startswith("${"):
            type_ = str(variables[type_[2:-1]].value)
        first = type_.partition(" ")[0]
        found = type_named(first)
        needs = found is not None and found.imatrix == "needed"
        return type_.replace(first, f"{first}(fit=rtn)", 1) if needs else None

    def _without_data(self, names: Sequence[str], type_: str) -> bool:
        """Let the head and the embeddings do without data that others need; say if a rule with data is needed too."""
        chain = self._hungry(type_)
        if chain is None:
            return True
        given = self.command.imatrix is not None
        why, when = "llama-quantize insists on no imatrix data for it", "not imatrix" if given else ""
        self.made += [Rule(glob, chain, why, when, optional=given or self.model is None) for glob in globs_of(names)]
        return given

    def _pure(self) -> None:
        if self.command.file_type.name == "Q2_K_S":  # the embeddings and the head need no imatrix data
            self._named([HEAD, TOKENS, PER_LAYER], "${q2}", "--pure")
        if self.model is None or set(self.quantized) - self.taken:
            left = [
                name for name in _LOOKED_UP if name not in self.taken and (name in self.quantized or not self.model)
            ]
            self._without_data(left, "${default}")
            self.made.append(Rule("**", "${default}", "--pure: no mixture"))

    def _mixture(self) -> None:
        """Write what `--output-tensor-type` does to tied embeddings, and what overrides shift."""
        if self.command.output_type is not None and (self.model is None or self.model.inventory.tied):
            why = f"--output-tensor-type {self.command.output_type}: the embeddings are the head"
            when = "tied" if self.model is None else ""
            self._named([TOKENS, PER_LAYER], self._chain(self.command.output_type), why, when)
        split = "--keep-split" in self.command.flags
        if self.model is not None:
            self._shifted(self.model, split=split)
        elif (self.command.overrides or split) and self._base_counts():
            self._needs_model("--tensor-type" if self.command.overrides else "--keep-split")

    def _shifted(self, model: DialectModel, *, split: bool) -> None:
        """Write the tensors whose type follows from what llama-quantize counts, and differs from the base's."""
        order = model.stored if split else [tensor.name for tensor in model.inventory.tensors]
        if not (self.overridden or split):
            return
        base, imatrix = f'extends = ["{self.command.file_type.base}"]\n', self.command.imatrix is not None
        quantized = set(self.quantized)
        counted = [name for name in order if name in quantized and name not in self.overridden]
        plain = model.types(base, imatrix=imatrix)
        shifted = model.types(base, imatrix=imatrix, counted=counted)
        moved: dict[tuple[str, str], list[str]] = {}
        for name in self.quantized:
            if name not in self.taken and name in shifted and shifted[name] != plain.get(name):
                moved.setdefault((shifted[name], plain.get(name, "")), []).append(name)
        cause = "in the order of the shards" if split else "the tensors that no --tensor-type takes"
        for (type_, instead), names in moved.items():
            why = f"shifted: llama-quantize counts {cause}, so these get {type_} instead of {instead}"
            self.made += [Rule(glob, type_, why) for glob in globs_of(names)]

    def without_imatrix(self, types: Callable[[], Mapping[str, str]]) -> Iterator[Rule]:
        """Yield rules for tensors whose imatrix data `--include-weights` or `--exclude-weights` takes away."""
        command = self.command
        if not (command.included or command.excluded) or command.imatrix is None:
            return
        if self.model is None:
            self._needs_model("--include-weights" if command.included else "--exclude-weights")
        option = "--include-weights leaves them out" if command.included else "--exclude-weights"
        groups: dict[str, list[str]] = {}
        for name, type_ in types().items():
            found = type_named(type_)
            if name in self.quantized and not self.weighted(name) and found is not None and found.imatrix != "unused":
                groups.setdefault(type_, []).append(name)
                needs = found.imatrix != "used" or (type_, command.file_type.name) == ("Q2_K", "Q2_K_S")
                if needs and name not in _LOOKED_UP:
                    self._starves(option.partition(" ")[0], name, type_)
        for type_, names in groups.items():
            yield from (Rule(glob, f"{type_}(fit=rtn)", f"{option}: no imatrix data") for glob in globs_of(names))

    def weighted(self, name: str) -> bool:
        """Say whether the imatrix's data for a weight are used."""
        if self.command.included:
            return any(piece in name for piece in self.command.included)
        return not any(piece in name for piece in self.command.excluded)

    def _chain(self, type_: str) -> str:
        """Return a type with llama-quantize's fallback, by the base's variable for it."""
        variables = load_recipe("lib:llama/base").variables.values.items()
        found = (name for name, each in variables if str(each.value).partition(" ")[0] == type_)
        return next((f"${{{name}}}" for name in found), type_)

    def _base_counts(self) -> bool:
        family = load_recipe(self.command.file_type.base).family
        conditions = [rule.when or "" for written in family for rule in written.model.rules]
        return any(word in condition for condition in conditions for word in ("index", "count", "${i}"))

    def _needs_model(self, option: str) -> NoReturn:
        index = self.command.line.words.index(option) if option in self.command.line.words else 0
        raise refused(
            "command-needs-model",
            f"what {option} does depends on the model {self.command.source}",
            self.command.line.where(index),
            why=_WITHOUT,
            fix="import where the model is, or say which it is with --source",
        )

    def _starves(self, option: str, name: str, type_: str) -> NoReturn:
        raise refused(
            "command-starved",
            f"{option} takes away the imatrix data that {name} needs for {type_}",
            self.command.line.where(self.command.line.words.index(option)),
            why="llama-quantize stops when it comes to that tensor",
            fix=f"leave its data in, or give it another type with --tensor-type {name}=q4_k say",
        )

    def _idle(self, each: Override) -> Diagnostic:
        others = any(each.pattern.hits(name) for name in self.taken)
        found = "nothing that is not taken before" if others else "no tensor"
        return Diagnostic(
            "command-ignored",
            f"--tensor-type {each.given} is left out: it finds {found}",
            each.where,
            why="llama-quantize passes over it without a word, and a rule without a use is an error",
            fix="correct the pattern, if it was meant to find something",
            severity="warning",
        )

    def _ignored(self, overrides: Sequence[Override]) -> None:
        name = self.command.file_type.name
        self.findings.append(
            Diagnostic(
                "command-ignored",
                f"--tensor-type is left out: {name} is no quantized type",
                overrides[0].where,
                why="llama-quantize asks no such rule under F32, F16 and BF16, without a word",
                fix="name a quantized file type, if the rules were meant",
                severity="warning",
            )
        )
