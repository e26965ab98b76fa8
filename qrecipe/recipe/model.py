"""The recipe as it is written: which keys there are and of which kind, before anything is merged or parsed.

`written(document)` gives the checked model or raises every fault of the file at once, each with its key path, line,
column and caret. Strings are checked as strings here: patterns, conditions and chains are parsed later, because a
variable in them may come from another file. A target's further keys belong to its backend, which checks them by a model
of its own; `options_faults` puts what that finds into the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    WithJsonSchema,
)

from qrecipe.errors import Diagnostic, RecipeError
from qrecipe.recipe.model_faults import faults, refused

if TYPE_CHECKING:
    from qrecipe.recipe.document import Document
    from qrecipe.recipe.targets import RecipeTarget

LANGUAGE = 1  # the version of the language that this module describes
GIVEN_VARIABLES = ("name", "target")
MAX_PARENTS, MAX_VARIABLES, MAX_RULES, MAX_TARGETS = 200, 1_000, 20_000, 100  # ours; they bound the time of a check

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_VARIABLE_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_INTEGERS = range(-(2**63), 2**63)


def _of_form(pattern: re.Pattern[str]) -> WithJsonSchema:
    """Tell editors what a name looks like; the validators say it in words."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern.pattern}$"})


def _recipe_name(name: str) -> str:
    if _NAME.fullmatch(name) is None or name.strip(".") == "":
        raise refused(
            "recipe-name",
            f"{name!r} is no name for a recipe" if name else "the name is empty",
            why="it becomes part of file names: letters, digits, '.', '_' and '-'",
            fix=f'write name = "{_proposed(name)}"',
        )
    return name


def _proposed(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "my-recipe"


def _variable_name(name: str) -> str:
    if name in GIVEN_VARIABLES:
        raise refused(
            "reserved-variable",
            f"the variable {name!r} cannot be set",
            why=f"${{{name}}} is the {'name of the recipe' if name == 'name' else 'name of the target being resolved'}",
            fix="choose another name for it",
        )
    if _VARIABLE_NAME.fullmatch(name) is None:
        proposed = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
        proposed = f"_{proposed}" if proposed[:1].isdigit() or not proposed else proposed
        raise refused(
            "variable-name",
            f"{name!r} is no name for a variable",
            why="names are lower-case letters, digits and '_', and begin with no digit",
            fix=f"call it {proposed}",
        )
    return name


def _sixty_four_bits(value: int) -> int:
    if value not in _INTEGERS:
        raise refused(
            "integer-too-large", "the integer is too large", why="integers have 64 bits", fix="write a smaller one"
        )
    return value


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise refused(
            "not-one-line",
            "this text holds a line break or another control character",
            why="it is shown on one line, wherever the rule is",
            fix="write it on one line",
        )
    return text


def _not_empty(text: str) -> str:
    if not text.strip():
        raise refused(
            "empty-string", "this string is empty", why="it names something", fix="fill it in, or take the key out"
        )
    return text


Name = Annotated[StrictStr, AfterValidator(_recipe_name), _of_form(_NAME)]
VariableName = Annotated[StrictStr, AfterValidator(_variable_name), _of_form(_VARIABLE_NAME)]
OneLine = Annotated[StrictStr, AfterValidator(_one_line)]
Reference = Annotated[StrictStr, AfterValidator(_not_empty)]
Value = StrictBool | Annotated[StrictInt, AfterValidator(_sixty_four_bits)] | StrictStr


class RuleModel(BaseModel):
    """One `[[rules]]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    match: StrictStr = Field(description="A pattern: which tensors.", examples=['"blk.*.ffn_down"'])
    when: StrictStr | None = Field(None, description="A condition on each of them; without it, true.")
    type: StrictStr = Field(description="A chain of types.", examples=['"Q4_K | Q8_0"'])
    why: OneLine = Field("", description="One line for people, shown wherever the rule is.")
    protected: StrictBool = Field(False, description="The rule reaches protected tensors too.")
    optional: StrictBool = Field(False, description="The rule may go unused.")


class TargetModel(BaseModel):
    """One `[[targets]]`; keys besides these belong to the backend."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    name: Name | None = Field(None, description="The backend's name unless given; unique.")
    backend: Reference = Field(description="Which family of artifacts.", examples=['"gguf"'])
    profile: Reference | None = Field(None, description="Which runtime of the family.")
    output: StrictStr = Field(
        description="The artifact's path below the output folder; ends in '/' where it is a folder.",
        examples=['"${name}.gguf"'],
    )


class RecipeModel(BaseModel):
    """A recipe file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    qrecipe: StrictInt = Field(
        description="The version of the recipe language that the file is written in.", examples=["1"]
    )
    name: Name = Field(description="The recipe's name, `${name}` in other strings.", examples=['"my-recipe"'])
    description: StrictStr = Field("", description="For people.")
    extends: list[Reference] = Field(
        [],
        max_length=MAX_PARENTS,
        description="Shipped recipes or paths; their rules and variables stand behind this one's.",
    )
    source: Reference | None = Field(None, description="The checkpoint.")
    inventory: Reference | None = Field(None, description="Stands in for the source while planning.")
    imatrix: Reference | None = Field(None, description="An importance matrix file.")
    requantize: StrictBool | None = Field(None, description="A source that is quantized already may be decoded.")
    vars: dict[VariableName, Value] = Field(
        {}, max_length=MAX_VARIABLES, description="Variables, `${x}` in other strings."
    )
    rules: list[RuleModel] = Field(
        [], max_length=MAX_RULES, description="The first that matches a tensor decides its type."
    )
    targets: list[TargetModel] = Field([], max_length=MAX_TARGETS, description="What is made.")


def written(document: Document) -> RecipeModel:
    """Check a file against the model; RecipeError with every fault."""
    version = document.data.get("qrecipe")
    if type(version) is int and version != LANGUAGE:
        raise RecipeError(_other_version(version, document))
    try:
        return RecipeModel.model_validate(document.data)
    except ValidationError as error:
        raise RecipeError(*faults(error, RecipeModel, document.data, document.places)) from None


def options_faults(error: ValidationError, target: RecipeTarget, options: type[BaseModel]) -> Iterable[Diagnostic]:
    """Put what a backend's own model found in a target's keys into words, with their places."""
    return faults(error, options, target.options, target.places, target.path)


def _other_version(version: int, document: Document) -> Diagnostic:
    newer = version > LANGUAGE
    return Diagnostic(
        "language-version",
        f"the recipe is written in version {version} of the language",
        document.places.value(("qrecipe",)),
        why=f"this version of the tool reads version {LANGUAGE}",
        fix="update the tool: pip install --upgrade qrecipe" if newer else f"write qrecipe = {LANGUAGE}",
    )
