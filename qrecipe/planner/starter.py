"""A recipe to begin with: commented TOML for one model and one target, which plans as it stands.

What the model has decides the rules: its output head, the values of attention, `ffn_down`, the rest. What the target
stores and the shapes allow decides the chains: an entry is written where some tensor takes it, so that every rule,
variable and fallback of the text is of use. Which tensors deserve more bits follows llama-quantize's mixtures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qrecipe.errors import printable
from qrecipe.planner.choose import objection
from qrecipe.planner.facts import model_facts
from qrecipe.recipe.functions import more_bits
from qrecipe.recipe.toml_text import toml_value
from qrecipe.types.format import TypeUse

if TYPE_CHECKING:
    from qrecipe.planner.resolve import Model
    from qrecipe.types.format import Format
    from qrecipe.types.target import Backend, Target
    from qrecipe.types.tensor import Inventory, TensorInfo

_WANTED = {"large": ("Q6_K", "Q8_0"), "small": ("Q4_K", "Q5_0")}  # variable → types, the best first
_VALUES = ("attn_v", "attn_qkv", "attn_kv_b")
_IN_BLOCK = re.compile(r"blk\.[^.]*\.([a-z0-9_]+)\.weight")  # what `blk.*.ROLE` covers; patterns are made of the role
_DOCS = "https://github.com/qrecipe/qrecipe/tree/main/docs"


@dataclass(frozen=True, slots=True)
class Destination:
    """The target that a starter is written for, and the formats that its chains may name."""

    target: Target
    backend: Backend
    formats: Mapping[str, Format]
    inventory: Inventory

    def objection(self, type_: str, tensor: TensorInfo) -> str | None:
        """Say why a type does not fit a tensor; None if it fits."""
        found = objection(TypeUse(self.formats[type_]), tensor, self.target, self.backend, self.inventory)
        return None if found is None else found.why

    def choice(self, variable: str, tensor: TensorInfo) -> str:
        """Return the first wanted type that fits a tensor, `keep` where none does."""
        return next((type_ for type_ in _WANTED[variable] if self.objection(type_, tensor) is None), "keep")


@dataclass(frozen=True, slots=True)
class _Part:
    """A rule of the text: the tensors that it takes, and which variable gives their type."""

    match: str
    variable: str
    why: str
    tensors: tuple[TensorInfo, ...]
    when: str = ""


def starter(model: Model, into: Destination, *, name: str, source: str) -> str:
    """Return the text of a recipe called `name` for the checkpoint that the recipe finds at `source`."""
    parts = _parts(model, into)
    pieces = (head(model, source), _keys(parts, into, name, source), _variables(parts, into))
    return "\n".join("\n".join(piece) for piece in (*pieces, _rules(parts), target_lines(into)) if piece) + "\n"


def _parts(model: Model, into: Destination) -> tuple[_Part, ...]:
    """Share out the tensors that rules reach; a part that would take none is left out."""
    reached = tuple(tensor for tensor in model.inventory.tensors if tensor.name not in model.protected)
    parts = tuple(_singled_out(reached, model, into))
    taken = {tensor.name for part in parts for tensor in part.tensors}
    rest = tuple(tensor for tensor in reached if tensor.name not in taken)
    return (*parts, _Part("**", "small", "everything else", rest)) if rest else parts


def _singled_out(tensors: Sequence[TensorInfo], model: Model, into: Destination) -> Iterator[_Part]:
    head = "token_embd" if model.inventory.tied else "output"
    why = "the embeddings are the output head too" if model.inventory.tied else "the output head: every token needs it"
    if found := tuple(tensor for tensor in tensors if tensor.role == head):
        yield _Part(head, "large", why, found)
    if found := tuple(tensor for tensor in tensors if role_of(tensor) in _VALUES):
        yield _Part(_blocks(found), "large", "the values of attention: all that it passes on", found)
    layers = model_facts(model.inventory, into.target, None)["n_layers"]
    downs = tuple(tensor for tensor in tensors if role_of(tensor).startswith("ffn_down"))
    if found := tuple(t for t in downs if t.layer is not None and more_bits(t.layer, int(layers or 0))):
        why = "the first and last eighth of the layers and every third between, as llama-quantize has it"
        yield _Part(_blocks(downs), "large", why, found, "more_bits(layer, n_layers)")


def role_of(tensor: TensorInfo) -> str:
    """Return the role of a block's matrix, '' for any other tensor."""
    found = _IN_BLOCK.fullmatch(tensor.name)
    return "" if found is None else found[1]


def _blocks(tensors: Sequence[TensorInfo]) -> str:
    """Return the pattern that covers these roles in every block."""
    roles = list(dict.fromkeys(map(role_of, tensors)))
    return f"blk.*.{roles[0] if len(roles) == 1 else '{' + ','.join(roles) + '}'}"


def head(model: Model, source: str) -> list[str]:
    """Return the comments that every starter begins with."""
    inventory = model.inventory
    weights = sum(tensor.params for tensor in inventory.tensors)
    sample = next((t for t in inventory.tensors if t.layer is not None and t.name not in model.protected), None)
    asked = sample.name if sample is not None else "TENSOR"
    arch = printable(inventory.arch) or "unknown architecture"
    return [
        f"# A recipe to begin with, for {printable(source)}:",
        f"# {arch}, {weights:,} weights in {len(inventory.tensors)} tensors.",
        "# All of it is yours to change. With this file as RECIPE,",
        "#   qrecipe plan RECIPE      shows what each tensor becomes, and the size to the byte,",
        f"#   qrecipe explain RECIPE {printable(asked)}      why a tensor has its type,",
        "#   qrecipe types            which types there are,",
        "#   qrecipe build RECIPE     makes the artifact.",
        f"# Every key: {_DOCS}/reference/recipe.md",
    ]


def _keys(parts: Sequence[_Part], into: Destination, name: str, source: str) -> list[str]:
    lines = [
        said("qrecipe = 1", "version of the language"),
        said(f"name = {toml_value(name)}", "${name} in the output below"),
        said(f"source = {toml_value(source)}", "the checkpoint; a path is relative to this file"),
        said('# imatrix = "imatrix.gguf"', "an importance matrix made from this model: the same size, less loss"),
    ]
    if any(_decoded_anew(tensor, part, into) for part in parts for tensor in part.tensors):
        lines.append(said("requantize = true", "it is quantized already, and loses again: better name the original"))
    return lines


def _decoded_anew(tensor: TensorInfo, part: _Part, into: Destination) -> bool:
    stored = into.formats.get(tensor.dtype)
    plain = stored is not None and stored.is_float
    return not plain and into.choice(part.variable, tensor) not in ("keep", tensor.dtype)


def _variables(parts: Sequence[_Part], into: Destination) -> list[str]:
    if not parts:
        return []
    lines = [
        "",
        "# Chains of types: a tensor gets the first that fits. `--set small=Q8_0` changes one for a single run.",
    ]
    lines.append(f"# {_DOCS}/reference/types-in-recipes.md")
    lines.append("[vars]")
    for variable in _WANTED:
        tensors = [tensor for part in parts if part.variable == variable for tensor in part.tensors]
        if tensors:
            lines += _variable(variable, tensors, into)
    return lines


def _variable(variable: str, tensors: Sequence[TensorInfo], into: Destination) -> Iterator[str]:
    """Yield a chain of the entries that some tensor takes, after the reasons for those behind the first."""
    takers = {into.choice(variable, tensor): tensor for tensor in reversed(tensors)}
    chain = [entry for entry in (*_WANTED[variable], "keep") if entry in takers]
    for entry in chain[1:]:
        against = into.objection(chain[0], takers[entry])
        yield f"# {entry} where {chain[0]} cannot be: {printable(str(against))}"
    yield f'{variable} = "{" | ".join(chain)}"'


def _rules(parts: Sequence[_Part]) -> list[str]:
    lines = [
        "",
        "# The first rule that covers a tensor decides. Norms, routers and the like are protected: they stay as they",
        "# are unless a rule says `protected = true`. A rule that no tensor needs is an error.",
        f"# Patterns, for match:  {_DOCS}/reference/patterns.md",
        f"# Conditions, for when: {_DOCS}/reference/conditions.md",
    ]
    for part in parts:
        lines += ["[[rules]]", f'match = "{part.match}"', *([f'when  = "{part.when}"'] if part.when else [])]
        lines += [f'type  = "${{{part.variable}}}"', f'why   = "{part.why}"']
    return lines if parts else []


def target_lines(into: Destination) -> list[str]:
    """Return the target, which every starter ends with."""
    return [
        "",
        "# What is made of it; several targets may share the rules.",
        "[[targets]]",
        f"backend = {toml_value(into.target.backend)}",
        f"output  = {toml_value(into.target.output)}",
    ]


def said(line: str, comment: str) -> str:
    """Return a line with a comment behind it, beneath those of other lines."""
    return f"{line:<36} # {comment}"
