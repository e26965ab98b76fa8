"""What is built end to end: a model, rules as a user would write them, a target; and how near the result must be.

Types are written as chains where not every tensor can have the first one, as users do. `near` is the greatest
difference between a logit of the artifact and one of the reference; 0 is equality.
"""

from __future__ import annotations

from dataclasses import dataclass

CT, AO = "compressed-tensors", "torchao"
ALL = '[[rules]]\nmatch = "**"\ntype = "{} | keep"\n'
ENDS = '[[rules]]\nmatch = "{token_embd,per_layer_token_embd,output}"\ntype = "keep"\noptional = true\n'
MIXED = ENDS + (
    '[[rules]]\nmatch = "blk.*.attn_*"\ntype = "int8 | keep"\n'
    '[[rules]]\nmatch = "blk.*.ffn_*"\ntype = "int4(group=32) | keep"\n'
    '[[rules]]\nmatch = "**"\ntype = "keep"\noptional = true\n'
)
INT8_ROWS = 0.2  # torchao's Int8Tensor per row: the scale comes after the product, so rounding differs
INT8_PRODUCTS = 0.4  # and its products of codes are whole numbers


@dataclass(frozen=True, slots=True)
class Case:
    """One artifact.

    Attributes:
        name: For messages and the table.
        model: Of `models.py`.
        backend: Who writes it.
        rules: Of the recipe, as TOML.
        target: More keys of its target, as TOML.
        extends: Shipped recipes that it extends.
        near: See above.
        error: The greatest relative error of a quantized weight matrix, by its norm.
    """

    name: str
    model: str
    backend: str
    rules: str
    target: str = ""
    extends: tuple[str, ...] = ()
    near: float = 0
    error: float = 0.2

    def recipe(self, source: object) -> str:
        """Return the recipe's text."""
        extends = f"extends = {list(self.extends)}\n" if self.extends else ""
        return (
            f"qrecipe = 1\nname = \"e2e\"\nsource = '{source}'\n{extends}\n{self.rules}\n"
            f'[[targets]]\nbackend = "{self.backend}"\noutput = "artifact/"\n{self.target}'
        )


TYPES = (  # each type once, on the plainest model; groups of 128 too
    Case("int4 group 128", "llama", CT, ENDS + ALL.format("int4(group=128)")),
    Case("int2", "llama", CT, ENDS + ALL.format("int2(group=32)"), error=0.7),
    Case("int3", "llama", CT, ENDS + ALL.format("int3(group=32)"), error=0.4),
    Case("int5", "llama", CT, ENDS + ALL.format("int5(group=32)"), error=0.1),
    Case("int6", "llama", CT, ENDS + ALL.format("int6(group=32)"), error=0.05),
    Case("int7", "llama", CT, ENDS + ALL.format("int7(group=32)"), error=0.03),
    Case("int8 group 32", "llama", CT, ENDS + ALL.format("int8(group=32)"), error=0.02),
    Case("int8", "llama", CT, ENDS + ALL.format("int8"), error=0.02),
    Case("int8, int8 inputs", "llama", CT, ENDS + ALL.format("int8"), 'activations = "int8"\n', error=0.02),
    Case("fp8", "llama", CT, ENDS + ALL.format("fp8"), error=0.05),
    Case("fp8, fp8 inputs", "llama", CT, ENDS + ALL.format("fp8"), 'activations = "fp8"\n', error=0.05),
    Case("head too", "llama", CT, ALL.format("int8(group=32)"), error=0.02),
    Case("float16 model", "llama", CT, ENDS + ALL.format("Q4_0"), 'dtype = "float16"\n'),
    Case("float32 model", "llama", CT, ENDS + ALL.format("Q4_0"), 'dtype = "float32"\n'),
    Case("Q8_0", "llama", CT, ENDS + ALL.format("Q8_0"), error=0.02),
    Case("Q5_0", "llama", CT, ENDS + ALL.format("Q5_0"), error=0.1),
    Case("Q6_K", "llama-256", CT, ENDS + ALL.format("Q6_K"), 'dtype = "float32"\n', error=0.05),
    Case("mse", "llama", CT, ENDS + ALL.format("int4(group=32,fit=mse)")),
    Case("int4", "llama", AO, ENDS + ALL.format("int4(group=32)")),
    Case("int4 group 128", "llama", AO, ENDS + ALL.format("int4(group=128)")),
    Case("int2", "llama", AO, ENDS + ALL.format("int2(group=32)"), error=0.7),
    Case("int3", "llama", AO, ENDS + ALL.format("int3(group=32)"), error=0.4),
    Case("int8", "llama", AO, ENDS + ALL.format("int8"), error=0.02),
    Case("int4, int8 inputs", "llama", AO, ENDS + ALL.format("int4(group=32)"), 'activations = "int8"\n'),
    Case("int8 class", "llama", AO, ENDS + ALL.format("int8"), 'layout = "int8"\n', near=INT8_ROWS, error=0.02),
    Case("int8 class, group 32", "llama", AO, ENDS + ALL.format("int8(group=32)"), 'layout = "int8"\n', error=0.02),
    Case(
        "int8 class, int8 inputs",
        "llama",
        AO,
        ENDS + ALL.format("int8"),
        'layout = "int8"\nactivations = "int8"\n',
        near=INT8_PRODUCTS,
        error=0.02,
    ),
    Case("fp8", "llama", AO, ENDS + ALL.format("fp8"), error=0.05),
    Case("head and embeddings too", "llama", AO, ALL.format("int8(group=32)"), error=0.02),
    Case("Q4_0", "llama", AO, ENDS + ALL.format("Q4_0")),
    Case("Q8_0", "llama", AO, ENDS + ALL.format("Q8_0"), error=0.02),
    Case("float16 model", "llama", AO, ENDS + ALL.format("Q4_0"), 'dtype = "float16"\n'),
    Case("mse", "llama", AO, ENDS + ALL.format("int4(group=32,fit=mse)")),
)
KNOWN = (  # of each family that differs for a folder
    "llama",
    "llama-bias",
    "smollm2",
    "mistral",
    "mixtral",
    "qwen3",
    "qwen3-untied",
    "qwen3moe",
    "qwen3moe-5",
    "gemma3-text",
    "gemma3",
    "gemma4-text",
    "gemma4-e2b",
    "gemma4-e2b-original",
    "gemma4-dense",
    "gemma4-unified",
    "gemma4-moe",
)
UNKNOWN = ("olmo2", "phi3", "gpt-neox")
GEMMA4 = tuple(name for name in KNOWN if name.startswith("gemma4"))
FAMILIES = tuple(Case("mixed", name, backend, MIXED) for backend in (CT, AO) for name in KNOWN)
STRANGERS = tuple(
    Case("all linear", name, backend, ALL.format("int4(group=32)")) for backend in (CT, AO) for name in UNKNOWN
)
SHIPPED = tuple(
    Case("gemma4-qat", name, backend, "", 'profile = "hf"\n', ("lib:gemma4-families", "lib:gemma4-qat"))
    for backend in (CT, AO)
    for name in GEMMA4
)
CASES = (*TYPES, *FAMILIES, *STRANGERS, *SHIPPED)
