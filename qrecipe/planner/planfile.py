"""The plan as JSON: an interface, versioned by `schema`. Fields may be added later, never changed.

`document(plan)` gives the model to write; `read(text)` gives back a checked model, or RecipeError for what is no plan.
Sizes are bytes; shapes are outermost first; `rule` is null for a protected tensor.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError, from_json

from qrecipe.errors import Diagnostic, Location, RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from qrecipe.planner.plan import Plan, TargetPlan
    from qrecipe.types.decision import Decision, PassedOverCode
    from qrecipe.types.target import Part
    from qrecipe.types.tensor import LeftOut

SCHEMA: Final = 1
_AGAIN = "plan again with `qrecipe plan RECIPE --json`, or build the recipe itself"
_WORDS: Mapping[str, str] = {
    "tuple_type": "input should be a valid array",
    "dict_type": "input should be an object",
    "model_type": "input should be an object",
    "missing": "this key is missing",
    "extra_forbidden": "there is no such key",
}


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("one_line", "the text holds a line break or another control character")
    return text


_OneLine = Annotated[str, AfterValidator(_one_line)]  # what is shown, and becomes part of file names


class _Model(BaseModel):
    # later versions may add fields; most commands never see a plan file, so its schemas wait
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class RuleModel(_Model):
    """Which rule decided: file, index in it from 0, line from 1."""

    file: str
    index: int
    line: int | None


class PassedOverModel(_Model):
    """An entry of the chain that did not fit: `backend` or `shape`, and why."""

    type: str
    code: Literal["backend", "shape"]
    why: str


class PartModel(_Model):
    """An array of the artifact: `bytes` at `offset` of `file`."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    offset: int
    bytes: int


class TensorModel(_Model):
    """One decision. `type` is what is stored, `args` those written, `bytes` the sum of the parts."""

    name: str
    source_names: tuple[str, ...]
    shape: tuple[int, ...]
    role: str
    layer: int | None
    type: str
    args: dict[str, int | str]
    keep: bool
    bytes: int
    source_type: str
    rule: RuleModel | None
    protected: str | None
    passed_over: tuple[PassedOverModel, ...]
    open: tuple[str, ...]
    parts: tuple[PartModel, ...]


class FileModel(_Model):
    """One file of the artifact; `bytes` and `header_bytes` are null where the metadata is unknown."""

    path: str
    bytes: int | None
    header_bytes: int | None


class TargetModel(_Model):
    """One artifact."""

    backend: _OneLine
    name: _OneLine
    profile: str | None
    output: _OneLine
    options: dict[str, object]
    file_bytes: int | None
    file_bytes_estimate: int | None
    why_estimate: str | None
    tensor_bytes: int
    bits_per_weight: float
    files: tuple[FileModel, ...]
    tensors: Annotated[tuple[TensorModel, ...], Field(fail_fast=True)]


class ImatrixModel(_Model):
    """The importance matrix that the plan counts on."""

    file: str
    sha256: str


class LockModel(_Model):
    """What the artifacts' lock says besides digests and versions: the recipe as one file, and the source's name."""

    recipe: str
    source: str


class MissingModel(_Model):
    """A target that the plan lacks because its plug-in was not installed."""

    what: str
    fix: str


class LeftOutModel(_Model):
    """Tensors of the checkpoint that the model does not use: how many of a kind, their bytes, what using them takes."""

    kind: str
    count: int
    bytes: int
    needed: str


class PlanModel(_Model):
    """A plan: what each tensor becomes, and what every file will weigh."""

    schema_version: Literal[1] = Field(alias="schema")
    recipe: _OneLine
    recipe_file: str
    source: str | None
    source_digest: str | None
    inventory: str | None
    arch: str
    requantize: bool
    imatrix: ImatrixModel | None
    lock: LockModel | None = None
    missing: tuple[MissingModel, ...] = ()
    left_out: tuple[LeftOutModel, ...] = ()
    targets: Annotated[tuple[TargetModel, ...], Field(fail_fast=True)]


def document(plan: Plan) -> PlanModel:
    """Return the plan as the model that is written."""
    imatrix = plan.imatrix
    return PlanModel(
        schema=SCHEMA,
        recipe=plan.recipe,
        recipe_file=plan.recipe_file,
        source=plan.source,
        source_digest=plan.inventory.header_digest or None,
        inventory=plan.stand_in,
        arch=plan.inventory.arch,
        requantize=plan.requantize,
        imatrix=None if imatrix is None else ImatrixModel(file=imatrix.file, sha256=imatrix.digest),
        lock=None if plan.lock is None else LockModel(recipe=plan.lock.recipe, source=plan.lock.source),
        missing=tuple(MissingModel(what=finding.what, fix=finding.fix) for finding in plan.missing),
        left_out=tuple(_left_out(each) for each in plan.inventory.left_out),
        targets=tuple(target_model(target) for target in plan.targets),
    )


def dumps(plan: Plan) -> str:
    r"""Return the plan as JSON text, printable: other characters stand as `\u…`.

    Bytes of a path that are no Unicode become `?`: building then takes --source.
    """
    text = json.dumps(document(plan).model_dump(by_alias=True), indent=1, ensure_ascii=False)
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    return text if text.replace("\n", "").isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    return character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]


def schema() -> dict[str, object]:
    """Return the JSON Schema of a plan."""
    return PlanModel.model_json_schema(by_alias=True)


def looks_like_plan(text: str) -> bool:
    """Tell a plan (a JSON object) from a recipe (TOML, which never begins with a brace)."""
    return text.lstrip().startswith("{")


def read(text: str, file: str) -> PlanModel:
    """Return a checked plan; RecipeError with every fault if it is none."""
    try:
        found = from_json(text)  # first, by itself: findings about JSON hold a copy of what they are about, each
    except ValueError as error:
        raise RecipeError(fault("", f"invalid JSON: {error}", file)) from None
    try:
        return PlanModel.model_validate(found)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    unknown = next((found for found in faults if found["loc"] == ("schema",)), None)
    if unknown is not None:
        raise RecipeError(_no_plan(unknown, file))
    raise RecipeError(*(fault(_key_path(found["loc"]), told(found), file) for found in faults[:20]))


def fault(key_path: str, message: str, file: str) -> Diagnostic:
    """Say what is wrong with a plan file, and where in it."""
    return Diagnostic(
        "plan-invalid",
        f"the plan cannot be used: {message[:1].lower()}{message[1:]}",
        Location(file=file, key_path=key_path),
        why="the plan was edited, or made by another version of qrecipe or of a plug-in",
        fix=_AGAIN,
    )


def told(found: ErrorDetails) -> str:
    """Return what pydantic found, in words for people where it has others."""
    return _WORDS.get(found["type"], found["msg"])


def _no_plan(found: ErrorDetails, file: str) -> Diagnostic:
    """Say that a JSON file is none of our plans, and nothing of the keys that it lacks therefore."""
    if found["type"] == "missing":
        return Diagnostic(
            "plan-schema",
            "this JSON file is no plan",
            Location(file=file),
            why="a plan says which schema it follows, and this file does not",
            fix="give what `qrecipe plan RECIPE --json` printed, or a recipe (.toml)",
        )
    return Diagnostic(
        "plan-schema",
        "the plan follows another schema than this release of qrecipe",
        Location(file=file, key_path="schema"),
        why=f"this release reads and writes schema {SCHEMA}",
        fix=_AGAIN,
    )


def _key_path(path: tuple[int | str, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def target_model(plan: TargetPlan) -> TargetModel:
    """Return one target as the model that is written."""
    target = plan.target
    return TargetModel(
        backend=target.backend,
        name=target.name,
        profile=target.profile,
        output=target.output,
        options={} if target.options is None else target.options.model_dump(mode="json", exclude_unset=True),
        file_bytes=plan.file_bytes,
        file_bytes_estimate=plan.file_bytes_estimate,
        why_estimate=next((file.why_estimate for file in plan.files if file.why_estimate), None),
        tensor_bytes=plan.tensor_bytes,
        bits_per_weight=round(plan.bits_per_weight, 4),
        files=tuple(FileModel(path=f.path, bytes=f.nbytes, header_bytes=f.header_bytes) for f in plan.files),
        tensors=tuple(_tensor(decision, plan) for decision in plan.decisions),
    )


def _tensor(decision: Decision, plan: TargetPlan) -> TensorModel:
    tensor, rule = decision.tensor, decision.rule
    return TensorModel(
        name=tensor.name,
        source_names=tensor.source_names,
        shape=tensor.shape,
        role=tensor.role,
        layer=tensor.layer,
        type=decision.type.format.name,
        args={name: value if isinstance(value, int) else str(value) for name, value in decision.type.args},
        keep=decision.keep,
        bytes=plan.nbytes(decision),
        source_type=tensor.dtype,
        rule=None if rule is None else RuleModel(file=rule.file, index=rule.index, line=rule.line),
        protected=decision.protected,
        passed_over=tuple(_passed_over(e.type, e.code, e.why) for e in decision.passed_over),
        open=decision.open,
        parts=tuple(_part(part) for part in plan.layout.parts[tensor.name]),
    )


def _passed_over(type_: str, code: PassedOverCode, why: str) -> PassedOverModel:
    return PassedOverModel(type=type_, code=code, why=why)


def _left_out(left: LeftOut) -> LeftOutModel:
    return LeftOutModel(kind=left.kind, count=left.count, bytes=left.nbytes, needed=left.needed)


def _part(part: Part) -> PartModel:
    return PartModel(
        name=part.name, dtype=part.dtype, shape=part.shape, file=part.file, offset=part.offset, bytes=part.nbytes
    )
