"""Models as headers describe them, and what recipes decide about them: no weights, no files."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from qrecipe.backends.folder.modules import modules_of
from qrecipe.codecs.float8.format import FLOAT8_FORMATS
from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.codecs.integer.format import INTEGER_FORMATS
from qrecipe.types.decision import Decision, RuleRef
from qrecipe.types.format import TypeUse
from qrecipe.types.origin import Origin
from qrecipe.types.source import StoredTensor
from qrecipe.types.target import Target
from qrecipe.types.tensor import Inventory, TensorInfo

from qrecipe_compressed_tensors.family import CompressedTensors
from qrecipe_compressed_tensors.options import CompressedTensorsOptions

FAMILY = CompressedTensors()
FORMATS = {format_.name: format_ for format_ in (*INTEGER_FORMATS, *FLOAT8_FORMATS, *GGML_FORMATS)}
DENSE = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
EXPERTS = {"ffn_gate_exps": "gate_proj", "ffn_up_exps": "up_proj", "ffn_down_exps": "down_proj"}


def use(text: str) -> TypeUse:
    """Return `int4(group=32)` as a chain's entry; `keep` is BF16."""
    name, _, inside = ("BF16" if text == "keep" else text).partition("(group=")
    return TypeUse(FORMATS[name], (("group", int(inside[:-1])),) if inside else ())


def target(profile: str | None = None, **options: object) -> Target:
    """Return a target of this backend."""
    return Target("serve", "compressed-tensors", "out/", profile, CompressedTensorsOptions(**options))


def tensor(name: str, shape: tuple[int, ...], *sources: str) -> TensorInfo:
    """Return a canonical tensor, BF16, made of these tensors of a checkpoint."""
    role = name.removesuffix(".weight").partition(".")[2].partition(".")[2] or name.removesuffix(".weight")
    layer = int(name.split(".")[1]) if name.startswith("blk.") else None
    return TensorInfo(name, shape, "BF16", "BF16", role, layer, sources)


def inventory(*tensors: TensorInfo, left_out: Mapping[str, tuple[int, ...]] = {}, **config: object) -> Inventory:
    """Return a model whose checkpoint has these tensors, and others besides that it does not use."""
    shapes: dict[str, tuple[int, ...]] = {}
    for each in tensors:
        for source in each.source_names:
            shapes[source] = each.shape[1:] if len(each.source_names) > 1 else each.shape
    shapes |= left_out
    stored = {name: StoredTensor(name, "BF16", shape, 2 * prod(shape), 0, 0) for name, shape in shapes.items()}
    return Inventory(tensors, "llama", origin=Origin(stored, {"dtype": "bfloat16", **config}))


def llama(*, layers: int = 2, width: int = 256, inner: int = 512, head: bool = True, **more: object) -> Inventory:
    """Return a dense model."""
    shapes = {"attn_k": (width // 2, width), "attn_v": (width // 2, width)}
    shapes |= {"ffn_gate": (inner, width), "ffn_up": (inner, width), "ffn_down": (width, inner)}
    blocks = [
        tensor(f"blk.{i}.{role}.weight", shapes.get(role, (width, width)), f"model.layers.{i}.{module}.weight")
        for i in range(layers)
        for role, module in DENSE.items()
    ]
    ends = [tensor("token_embd.weight", (256, width), "model.embed_tokens.weight")]
    ends += [tensor("output.weight", (256, width), "lm_head.weight")] if head else []
    return inventory(*ends, *blocks, **more)


def moe(*, layers: int = 2, experts: int = 4, width: int = 256, inner: int = 128) -> Inventory:
    """Return a model whose checkpoint has a tensor for each expert and projection, with attention of four tensors."""
    blocks = []
    for i in range(layers):
        for role, part in EXPERTS.items():
            shape = (experts, width, inner) if part == "down_proj" else (experts, inner, width)
            sources = [f"model.layers.{i}.mlp.experts.{e}.{part}.weight" for e in range(experts)]
            blocks.append(tensor(f"blk.{i}.{role}.weight", shape, *sources))
        gate = f"model.layers.{i}.mlp.gate.weight"
        blocks.append(tensor(f"blk.{i}.ffn_gate_inp.weight", (experts, width), gate))
        attention = [name for name in DENSE if name.startswith("attn")]
        blocks += [
            tensor(f"blk.{i}.{role}.weight", (width, width), f"model.layers.{i}.{DENSE[role]}.weight")
            for role in attention
        ]
    return inventory(*blocks)


def fused_moe(*, experts: int = 4, width: int = 256, inner: int = 128) -> Inventory:
    """Return a layer whose checkpoint has the experts in two tensors, as Gemma 4 has them."""
    prefix = "model.language_model.layers.0.experts"
    return inventory(
        tensor("blk.0.ffn_gate_up_exps.weight", (experts, 2 * inner, width), f"{prefix}.gate_up_proj"),
        tensor("blk.0.ffn_down_exps.weight", (experts, width, inner), f"{prefix}.down_proj"),
    )


def decisions(model: Inventory, types: Mapping[str, str]) -> list[Decision]:
    """Return what the first matching word decides for each tensor: a role, or `N.role`; the rest is kept."""
    found = []
    for each in model.tensors:
        names = (f"{each.layer}.{each.role}", each.role)
        rule = next((i for i, word in enumerate(types) if word in names), None)
        text = "keep" if rule is None else list(types.values())[rule]
        where = RuleRef("mix.toml", len(types) if rule is None else rule, line=None if rule is None else 10 + rule)
        found.append(Decision(each, use(text), text == "keep", where))
    return found


def modules(model: Inventory, types: Mapping[str, str], to: Target):
    """Return the modules that are written."""
    return modules_of(FAMILY, model, decisions(model, types), to)


def findings(model: Inventory, types: Mapping[str, str], to: Target) -> list[str]:
    """Return what the family says about a plan, as people read it."""
    return [str(found) for found in FAMILY.check(modules(model, types, to), model, to)]


def why_not(model: Inventory, name: str, type_: str, to: Target) -> str | None:
    """Return why a type is not stored for a tensor; None if it is."""
    each = next(each for each in model.tensors if each.name == name)
    found = FAMILY.scheme(use(type_), each, to, model)
    return found if isinstance(found, str) else None


def config(model: Inventory, types: Mapping[str, str], to: Target) -> dict:
    """Return the `quantization_config` of a plan."""
    return FAMILY.config(modules(model, types, to), model, to)["quantization_config"]
