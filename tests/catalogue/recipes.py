"""What recipes and plans can be told that no case table has: provocations by name, run in an empty folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError

import qrecipe
from qrecipe.api.opening import open_checkpoint
from qrecipe.api.partial import with_tensors
from qrecipe.errors import Diagnostic, RecipeError
from qrecipe.host.catalog import make_catalog
from qrecipe.planner.plan import Plan
from qrecipe.recipe import regex
from qrecipe.recipe.document import MAX_BYTES, parse_document, read_document
from qrecipe.recipe.functions import function_of
from qrecipe.recipe.load import load_recipe, load_recipe_text
from qrecipe.recipe.model import options_faults, written
from qrecipe.recipe.toml_faults import syntax_fault
from qrecipe.types.tensor import Inventory
from tests.catalogue.workplace import (
    RULE,
    Picky,
    model,
    offering,
    patched,
    plan,
    recipe,
    replanned,
    without_lattice,
    workplace,
)
from tests.conftest import MIX
from tests.planner.planning import inventory, resolved, tensor
from tests.recipe.test_chain import chain
from tests.sources.imatrix_bytes import imatrix

ONE = '[[rules]]\nmatch = "**"\ntype = "{}"\n'


class Options(BaseModel):
    """A backend's own keys."""

    speed: Annotated[int, Field(ge=0)] = 0
    mode: Literal["fast", "slow"] = "fast"


def a_byte_order_mark() -> object:
    return _raw(b"\xef\xbb\xbfqrecipe = 1\n")


def a_recipe_in_another_encoding() -> object:
    return _raw("qrecipe = 1\nname = 'é'".encode("latin-1"))


def a_model_for_a_recipe() -> object:
    return _raw(b"GGUF\x03\x00\x00\x00")


def a_recipe_of_four_megabytes() -> object:
    return _raw(b"#" * (MAX_BYTES + 1))


def a_pipe_for_a_recipe() -> object:
    os.mkfifo("pipe")
    return read_document(Path("pipe"), "pipe")


def a_recipe_that_is_gone() -> object:
    return read_document(Path("gone.toml"), "gone.toml")


def a_key_of_forty_parts() -> object:
    return parse_document(".".join("a" * 40) + " = 1\n", Path(), "mine.toml")


def an_integer_of_thousands_of_digits() -> object:
    return parse_document("a = " + "9" * 5000, Path(), "mine.toml")


def a_date_that_is_none() -> object:
    return parse_document("a = 2026-02-31\n", Path(), "mine.toml")


def a_fault_that_the_parser_words_anew() -> object:
    return [syntax_fault("mine.toml", "a = 1\nb = 2", ValueError("Odd thing (at line 2, column 3)"))]


def more_than_two_hundred_parents() -> object:
    return _written(f"extends = {[f'{i}' for i in range(201)]}\n" + RULE)


def more_than_fifty_faults() -> object:
    try:
        return _written("".join(f"key{i} = 1\n" for i in range(60)))
    except RecipeError as error:
        return error.diagnostics[-1:]


def a_value_that_a_backend_refuses_in_its_own_words() -> object:
    return _options("speed = -1")


def a_word_of_a_set() -> object:
    return _options('mode = "fsat"')


def a_family_of_forty_generations() -> object:
    for i in range(40):
        recipe(f'extends = ["r{i + 1}.toml"]\n', f"r{i}.toml")
    recipe("", "r40.toml")
    return load_recipe("r0.toml")


def a_chain_of_seven_thousand_characters() -> object:
    return chain("Q8_0 | " * 1000 + "Q8_0")


def a_regular_expression_without_its_package() -> object:
    regex._compiled.cache_clear()
    with patched(module="re2"):
        return resolved('rules = [{ match = "re:abc", type = "Q8_0" }]', inventory([tensor("abc", [4, 64])])).errors


def a_function_that_is_not_typed() -> object:
    def depth(layer):
        return layer

    return function_of(depth)


def an_idle_alternative() -> object:
    names = [tensor(f"blk.0.{name}.weight", [4, 64]) for name in ("ffn_up", "attn_v")]
    rules = 'rules = [{ match = "blk.*.{ffn_up,ffn_gaet}", type = "Q8_0" }, { match = "**", type = "F16" }]'
    return resolved(rules, inventory(names)).warnings


def half_a_stack() -> object:
    experts = [f"model.layers.0.experts.{i}.up.weight" for i in range(3)]
    stack = tensor("blk.0.ffn_up_exps.weight", [3, 8, 64], source_names=experts)
    rules = 'rules = [{ match = "hf:**.experts.{0..1}.up", type = "Q8_0" }, { match = "**", type = "F16" }]'
    return resolved(rules, inventory([stack])).errors


def keeping_a_dtype_that_nobody_knows() -> object:
    rules = 'rules = [{ match = "**", type = "keep" }]'
    return resolved(rules, inventory([tensor("blk.0.ffn_up.weight", [4, 64], "FP7")])).errors


def a_fit_that_serves_other_types() -> object:
    return resolved(ONE.format("Q8_0(fit=picky)"), _small(), plugins=[offering("fits", Picky())]).errors


def a_fit_that_is_not_installed() -> object:
    with without_lattice():
        return resolved(ONE.format("Q4_0(fit=lattice)"), _small()).warnings


def names_that_no_architecture_maps() -> object:
    return resolved(RULE, inventory([tensor("model.layers.0.up", [4, 64])], mapped=False)).errors


def a_plug_in_that_is_not_installed() -> object:
    target = '[[targets]]\nbackend = "compressed-tensors"\noutput = "x/"\n'
    return resolved(RULE + target, _small()).missing


def a_rule_for_a_plug_in_that_is_not_installed() -> object:
    rules = '[[rules]]\nmatch = "**"\nwhen = "backend != \'gguf\'"\ntype = "int4"\n' + RULE
    targets = ["compressed-tensors", "gguf"]
    lines = "".join(f'[[targets]]\nbackend = "{each}"\noutput = "{each}.gguf"\n' for each in targets)
    return resolved(rules + lines, _small()).warnings


def a_profile_of_another_backend() -> object:
    target = '[[targets]]\nbackend = "gguf"\nprofile = "vllm"\noutput = "x.gguf"\n'
    return resolved(RULE + target, _small()).errors


def metadata_that_cannot_be() -> object:
    lines = '"general name" = "x"\n"general.architecture" = "llama"\n"x.y" = [1]\n'
    target = f'[[targets]]\nbackend = "gguf"\noutput = "x.gguf"\n[targets.metadata]\n{lines}'
    return resolved(RULE + target, _small()).errors


def an_output_that_is_a_folder() -> object:
    target = '[[targets]]\nbackend = "gguf"\noutput = "model/"\n'
    return resolved(RULE + target, _small()).errors


def tensors_that_gguf_cannot_hold() -> object:
    odd = [tensor(f"{'x' * 57}.weight", [4, 64]), tensor("t.weight", [2, 2, 2, 2, 2]), tensor("u.weight", [3, 0])]
    return resolved(ONE.format("keep"), inventory(odd)).errors


def a_recipe_without_a_source() -> object:
    recipe(RULE)
    return qrecipe.plan("mine.toml")


def an_inventory_that_stands_in() -> object:
    recipe(f'source = "weights.gguf"\ninventory = "lib:gemma-4-e2b"\n{RULE}')
    return qrecipe.check("mine.toml")


def an_inventory_that_is_not_shipped() -> object:
    recipe(f'inventory = "lib:gemma-4-e2"\n{RULE}')
    return qrecipe.plan("mine.toml")


def an_inventory_to_build_from() -> object:
    recipe(f'inventory = "lib:gemma-4-e2b"\n{RULE}')
    return qrecipe.build("mine.toml")


def a_scheme_that_nothing_reads() -> object:
    recipe(f'source = "ipfs://bucket/model"\n{RULE}')
    return qrecipe.plan("mine.toml")


def a_source_plug_in_that_raises() -> object:
    class Bucket:
        name = "bucket"
        example = "bucket:NAME"

        def claims(self, reference: str, folder: Path) -> bool:
            return True

        def open(self, reference: str, folder: Path) -> object:
            raise ConnectionError("no network")

    catalog = make_catalog(offering("sources", Bucket()), discover=False)
    return open_checkpoint("bucket:llama", Path(), catalog)


def a_source_that_nothing_claims() -> object:
    recipe(f'source = "model.gguf"\n{RULE}')
    model("model.gguf")
    with patched("qrecipe.sources.builtin.SOURCES", ()):
        return qrecipe.plan("mine.toml")


def a_tensor_that_the_model_lacks() -> object:
    workplace()
    return qrecipe.explain("mix.toml", "blk.0.ffn_dwon")


def an_executor_that_is_not_there() -> object:
    workplace()
    return qrecipe.build("mix.toml", executor="ray")


def a_target_that_is_not_there() -> object:
    workplace()
    return qrecipe.build("mix.toml", targets=["ggfu"])


def a_part_of_no_tensors() -> object:
    workplace()
    return qrecipe.build("mix.toml", only=["blk.*.ffn_upp"])


def a_part_of_a_stack() -> object:
    stacked = tensor("blk.0.ffn_up_exps.weight", (2, 4, 32), source_names=("m.experts.0.up", "m.experts.1.up"))
    whole = Plan("mine", "mine.toml", None, inventory([stacked]), ())
    return with_tensors(whole, ["hf:m.experts.0.*"], make_catalog())


def too_little_memory() -> object:
    workplace()
    with patched("qrecipe.api.memory.resident_bytes", lambda: 102_400_000):
        return qrecipe.build("mix.toml", memory=110 * 10**6)


def an_imatrix_of_another_model() -> object:
    workplace('imatrix = "other.imatrix"\n')
    Path("other.imatrix").write_bytes(_imatrix("blk.0.other", 2))
    return qrecipe.plan("mix.toml")


def an_imatrix_that_is_not_there() -> object:
    workplace('imatrix = "mix.imatirx"\n')
    Path("mix.imatrix").touch()
    return qrecipe.plan("mix.toml")


def a_plan_for_a_recipe() -> object:
    plan()
    return qrecipe.check("plan.json")


def another_json_file_for_a_plan() -> object:
    Path("config.json").write_text('{"model_type": "llama"}')
    return qrecipe.build("config.json")


def a_plan_that_lacks_a_key() -> object:
    return replanned(lambda it: it.pop("recipe"))


def a_plan_of_another_schema() -> object:
    Path("plan.json").write_text('{"schema": 2}')
    return qrecipe.build("plan.json")


def a_plan_of_another_checkpoint() -> object:
    plan()
    Path("other.gguf").write_bytes(Path("tiny.gguf").read_bytes().replace(b"tiny", b"tony"))
    return qrecipe.build("plan.json", source="other.gguf")


def a_plan_whose_imatrix_has_changed() -> object:
    Path("mix.imatrix").write_bytes(_imatrix("blk.0.attn_q", 256))
    return replanned(lambda it: it.update(imatrix={"file": "mix.imatrix", "sha256": "0" * 64}))


def a_plan_with_variables() -> object:
    plan()
    return qrecipe.build("plan.json", set={"small": "Q8_0"})


def a_plan_with_a_lock_for_a_file_without() -> object:
    plan()
    return qrecipe.build("plan.json", lock=False)


def a_plan_for_a_backend_that_is_not_installed() -> object:
    return replanned(lambda it: it["targets"][0].update(backend="lab"))


def a_plan_without_targets() -> object:
    return replanned(lambda it: it.update(targets=[]))


def a_plan_with_other_sizes() -> object:
    def change(it):
        it["targets"][0]["tensors"][0]["bytes"] += 1

    return replanned(change)


def a_plan_with_a_type_that_cannot_be() -> object:
    def change(it):
        for each in it["targets"][0]["tensors"]:
            if each["type"] == "Q6_K":
                each["type"] = each["parts"][0]["dtype"] = "int4"

    return replanned(change)


def a_quantized_source() -> object:
    workplace()
    qrecipe.build("mix.toml", output="first")
    Path("again.toml").write_text(MIX.replace("tiny.gguf", "first/mix.gguf").replace('"Q6_K"', '"Q4_0"'))
    return qrecipe.plan("again.toml")


def a_new_recipe_over_an_old_one() -> object:
    workplace()
    return qrecipe.new_recipe("tiny.gguf", output="mix.toml")


def a_copy_of_a_base() -> object:
    return qrecipe.copy_recipe("lib:llama/q4_k_m")


def a_checkpoint_that_no_recipe_can_name() -> object:
    model("${x}.gguf")
    return qrecipe.new_recipe("${x}.gguf")


def _small() -> Inventory:
    return inventory([tensor("blk.0.ffn_up.weight", [4, 64])])


def _raw(data: bytes) -> object:
    Path("mine.toml").write_bytes(data)
    return read_document(Path("mine.toml"), "mine.toml")


def _written(text: str) -> object:
    return written(parse_document(f'qrecipe = 1\nname = "mine"\n{text}', Path(), "mine.toml"))


def _imatrix(name: str, cols: int) -> bytes:
    sums, counts = f"{name}.weight.in_sum2", f"{name}.weight.counts"
    return imatrix({sums: ((1, cols), (1.0,) * cols), counts: ((1, 1), (1.0,))})


def _options(line: str) -> tuple[Diagnostic, ...]:
    text = f'qrecipe = 1\nname = "mine"\n{RULE}[[targets]]\nbackend = "lab"\noutput = "x"\n{line}\n'
    (target,) = load_recipe_text(text, Path(), file="mine.toml").targets
    try:
        Options.model_validate(dict(target.options))
    except ValidationError as error:
        return options_faults(error, target, Options)
    return ()
