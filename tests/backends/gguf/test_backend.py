"""What the backend stores, keeps and refuses, before any weight is read."""

from dataclasses import replace

import pytest

from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.types.decision import Decision
from qrecipe.types.tensor import Inventory, TensorInfo
from tests.backends.gguf.model_in_memory import BY_NAME, target, tensor, use

BACKEND = GgufBackend()
MATRIX = tensor("blk.0.attn_q.weight", (32, 512), "BF16")
INVENTORY = Inventory((MATRIX,), "llama", source="/models/llama")


@pytest.mark.parametrize("name", ["Q4_0", "Q8_0", "Q4_K", "IQ2_XXS", "TQ2_0", "MXFP4", "F32", "F16", "BF16"])
def test_ggml_types_are_stored(name: str):
    assert BACKEND.stores(use(name), MATRIX, target(), INVENTORY) is None


@pytest.mark.parametrize("name", ["int4", "int8", "fp8"])
def test_other_types_are_not(name: str):
    assert BACKEND.stores(use(name), MATRIX, target(), INVENTORY) == f"GGUF has no {name}"


@pytest.mark.parametrize(
    ("source", "type_", "reason"),
    [
        ("BF16", "F64", "F64 is carried from file to file and never converted"),
        ("BF16", "I32", "I32 is carried from file to file and never converted"),
        ("F64", "F32", "F64 is carried from file to file and never converted"),
        ("F64", "F64", None),
        ("I32", "I32", None),
    ],
)
def test_what_is_only_carried_is_stored_where_the_source_has_it(source: str, type_: str, reason: str | None):
    assert BACKEND.stores(use(type_), tensor("t.weight", (2, 32), source), target(), INVENTORY) == reason


def test_every_format_with_an_id_is_stored_and_no_other():
    stored = {
        name for name in BY_NAME if BACKEND.stores(use(name), replace(MATRIX, dtype=name), target(), INVENTORY) is None
    }
    assert stored == {name for name, found in BY_NAME.items() if found.family == "ggml"}


def test_keep_stores_what_a_converter_writes():
    assert BACKEND.keep(tensor("blk.0.attn_norm.weight", (512,), "BF16", "F32"), target()) == "F32"
    assert BACKEND.keep(MATRIX, target()) == "BF16"


def test_a_mapped_model_is_taken():
    assert BACKEND.refuses(INVENTORY, target()) is None


def test_names_that_are_not_mapped_are_refused():
    assert str(BACKEND.refuses(replace(INVENTORY, mapped=False), target())) == (
        "error: target 'gguf' cannot be made: no architecture plug-in maps the names of /models/llama\n"
        "why: llama.cpp finds tensors by its own names (blk.0.attn_q.weight)\n"
        "fix: install a plug-in for this architecture or write one (docs/how-to/add-an-architecture.md), "
        "or convert to GGUF first and make that the source; compressed-tensors and torchao need no such names"
    )


def test_a_folder_is_refused():
    assert str(BACKEND.refuses(INVENTORY, replace(target(), output="model/"))) == (
        "error: target 'gguf' writes to a folder, model/\n"
        "why: a GGUF artifact is one file; an output that ends in '/' is a folder\n"
        "fix: write model.gguf"
    )


def checked(info: TensorInfo) -> str:
    return "\n".join(map(str, BACKEND.check(INVENTORY, [Decision(info, use("F32"))], target())))


def test_a_name_of_63_bytes_is_the_longest():
    assert not checked(tensor("x" * 63, (2, 2)))
    assert checked(tensor("ä" * 32, (2, 2))) == (
        f"error: the name of tensor {'ä' * 32!r} has 64 bytes; GGUF allows 63\n"
        "why: readers refuse a file with a longer name\n"
        "fix: rename the tensor in the source, or leave it out of the model"
    )


def test_four_dimensions_are_the_most():
    assert not checked(tensor("t", (1, 2, 2, 2, 2)))
    assert checked(tensor("t", (2, 2, 2, 2, 2))) == (
        "error: tensor 't' has 5 dimensions; GGUF allows 4\n"
        "why: ggml stores no tensor of more\n"
        "fix: reshape it where the source is made"
    )


def test_an_empty_tensor_is_refused():
    assert checked(tensor("t", (3, 0))) == (
        "error: tensor 't' of shape [3, 0] holds nothing\n"
        "why: readers of GGUF refuse a dimension of 0\n"
        "fix: leave it out where the source is made"
    )


def test_all_findings_are_reported_together():
    decisions = [Decision(tensor("x" * 64, (0,)), use("F32")), Decision(tensor("t", (2,) * 5), use("F32"))]
    codes = [fault.code for fault in BACKEND.check(INVENTORY, decisions, target())]
    assert codes == ["gguf-name-length", "gguf-empty-tensor", "gguf-dimensions"]
