"""Chains get their meaning: names become formats, fits and arguments; whatever is unknown is an error with a caret.

`bind_chain` looks at every entry, those that are never reached too, and raises all of its findings at once. Names are
compared without case. The names auto, rtn, imatrix and lattice are known as fits even where no plug-in offers them:
sizes do not depend on a fit, so planning needs none, and a build that lacks one refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from qrecipe.errors import Diagnostic, Location, RecipeError
from qrecipe.recipe.chain_nodes import AnyNode, ArgumentNode, IntNode, TypeNode
from qrecipe.recipe.syntax import did_you_mean
from qrecipe.types.format import Argument, Call, TypeUse

if TYPE_CHECKING:
    from qrecipe.recipe.chain_nodes import Chain, Entries
    from qrecipe.types.format import Args, Fit, Format


class Keep(Enum):
    """`keep`: what the backend stores when nothing is quantized. It is no format and fits always."""

    KEEP = "keep"

    def __str__(self) -> str:
        return self.value


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`any(…)`: alternatives, each a chain."""

    chains: tuple[BoundChain, ...]

    def __str__(self) -> str:
        return f"any({', '.join(' | '.join(map(str, chain)) for chain in self.chains)})"


BoundEntry = TypeUse | Keep | AnyOf
BoundChain = tuple["BoundEntry", ...]

_RESERVED_FITS: Mapping[str, tuple[Argument, ...]] = {
    "auto": (),
    "rtn": (),
    "imatrix": (),
    "mse": (),
    "lattice": (Argument("else", "word", "rtn", ("rtn", "error"), "what to do with a block that is on no grid"),),
}


def bind_chain(chain: Chain, formats: Mapping[str, Format], fits: Mapping[str, Fit]) -> BoundChain:
    """Return what a chain means; RecipeError with every unknown name and value in it."""
    binder = _Binder(
        chain.where,
        {name.casefold(): found for name, found in formats.items()},
        dict(_RESERVED_FITS) | {name.casefold(): found.arguments for name, found in fits.items()},
    )
    bound = binder.chain(chain.entries)
    if binder.errors:
        raise RecipeError(*binder.errors)
    return bound


@dataclass(slots=True)
class _Binder:
    """Looks names up; what it cannot find it notes and leaves out. Keys are in lower case."""

    where: Location
    formats: Mapping[str, Format]
    fits: Mapping[str, Sequence[Argument]]
    errors: list[Diagnostic] = field(default_factory=list)

    def chain(self, entries: Entries) -> BoundChain:
        bound = (self._any(e) if isinstance(e, AnyNode) else self._type(e) for e in entries)
        return tuple(entry for entry in bound if entry is not None)

    def _any(self, node: AnyNode) -> AnyOf:
        return AnyOf(tuple(self.chain(chain) for chain in node.chains))

    def _type(self, node: TypeNode) -> TypeUse | Keep | None:
        if node.name.casefold() == KEEP.value:
            self._args(node, "keep", ())
            return KEEP
        found = self.formats.get(node.name.casefold())
        if found is None:
            self._unknown_type(node)
            return None
        return TypeUse(found, self._args(node, found.name, found.arguments))

    def _args(self, node: TypeNode, owner: str, known: Sequence[Argument]) -> Args:
        """Return the arguments as the format spells them."""
        args: dict[str, int | str | Call] = {}
        for given in node.args:
            argument = next((a for a in known if a.name.casefold() == given.name.casefold()), None)
            if argument is None:
                self._unknown_argument(given, owner, known)
            elif argument.name in args:
                self._note("argument-twice", f"argument {argument.name!r} is given twice", given, fix="take one out")
            else:
                args[argument.name] = self._value(given, argument, owner)
        return tuple(args.items())

    def _value(self, given: ArgumentNode, argument: Argument, owner: str) -> int | str | Call:
        if argument.kind == "fit" and isinstance(given.value, TypeNode):
            return self._fit(given.value)
        if argument.kind == "int" and isinstance(given.value, IntNode):
            return self._chosen(given.value.value, given, argument, owner)
        if argument.kind == "word" and isinstance(given.value, TypeNode):
            if given.value.args:
                self._note(
                    "argument-value",
                    f"{argument.name}={given.value.name} takes no arguments",
                    given.value.args[0],
                    fix=f"write {argument.name}={given.value.name}",
                )
            return self._chosen(given.value.name, given, argument, owner)
        expected = {"int": "an integer", "word": "a word", "fit": "the name of a fit"}[argument.kind]
        example = argument.choices[0] if argument.choices else argument.default
        fix = f"write {argument.name}={example}, say" if example is not None else f"write {expected}"
        self._note("argument-value", f"{argument.name} of {owner} is {expected}", given.value, argument.meaning, fix)
        return ""

    def _chosen(self, value: int | str, given: ArgumentNode, argument: Argument, owner: str) -> int | str:
        """Return the choice as the format spells it."""
        choices = {str(choice).casefold(): choice for choice in argument.choices}
        if not choices:
            return value
        if (choice := choices.get(str(value).casefold())) is not None:
            return choice
        self._note(
            "argument-value",
            f"{owner} has no {argument.name}={value}",
            given.value,
            f"{argument.name} is {_either([str(choice) for choice in argument.choices])}",
            did_you_mean(str(value), map(str, argument.choices), otherwise=f"write {argument.name}={argument.default}"),
        )
        return value

    def _fit(self, node: TypeNode) -> Call:
        name = node.name.casefold()
        arguments = self.fits.get(name)
        if arguments is None:
            self._note(
                "unknown-fit",
                f"unknown fit '{node.name}'",
                node,
                f"the fits are {', '.join(sorted(self.fits))}",
                did_you_mean(node.name, self.fits, otherwise="leave fit out for the default, or install its plug-in"),
            )
            return Call(name)
        return Call(name, self._args(node, f"fit {name}", arguments))

    def _unknown_type(self, node: TypeNode) -> None:
        names = ["keep", *(found.name for found in self.formats.values())]
        self._note(
            "unknown-type",
            f"unknown type '{node.name}'",
            node,
            "no installed plug-in offers it",
            "a choice is any(Q4_K, Q5_K), with two alternatives or more"
            if node.name.casefold() == "any"
            else did_you_mean(node.name, names, otherwise="`qrecipe types` lists the types"),
        )

    def _unknown_argument(self, given: ArgumentNode, owner: str, known: Sequence[Argument]) -> None:
        names = [argument.name for argument in known]
        self._note(
            "unknown-argument",
            f"{owner} has no argument '{given.name}'",
            given,
            f"it takes {', '.join(names)}" if names else "it takes none",
            did_you_mean(given.name, names, otherwise="take it out"),
        )

    def _note(
        self, code: str, what: str, node: TypeNode | IntNode | ArgumentNode, why: str = "", fix: str = ""
    ) -> None:
        self.errors.append(Diagnostic(code, what, node.place.within(self.where), why, fix))


def _either(words: Iterable[str]) -> str:
    return " or ".join(words)
