"""What llama.cpp's converter made of tiny models (`golden/convert_hf`): names, shapes, types, parameters, `rope_freqs`.

Their bytes and the rest of the metadata are compared where the files are built (`oracle/convert_hf`).
"""

import hashlib
import json
import struct
from pathlib import Path

import pytest

from qrecipe.architectures.slots import result_shape
from qrecipe.types.metadata import SCALARS, MetadataKind
from qrecipe.types.transform import Constant, stored_names
from tests.architectures.checkpoints import converted, family_of

FOLDER = Path(__file__).parents[1] / "golden" / "convert_hf"
GOLDENS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
CASES = [
    (name, case)
    for name, golden in GOLDENS.items()
    for case in golden["cases"]
    if case.partition("-")[2] in ("F32", "F16", "BF16")
]


def conversion(name, case):
    golden = GOLDENS[name]
    stored, out = case.split("-")
    return golden, converted(golden["config"], golden["shapes"], stored), out


def test_every_family_has_goldens():
    assert {family_of(golden["config"]).name for golden in GOLDENS.values()} == {
        "gemma3",
        "gemma4",
        "llama",
        "qwen3",
        "qwen3moe",
    }


@pytest.mark.parametrize(("name", "case"), CASES)
def test_parameters_are_those_of_the_converter_in_its_order(name, case):
    golden, made, _ = conversion(name, case)
    below = f"{family_of(golden['config']).name}."
    expected = [line for line in golden["cases"][case]["metadata"] if line.startswith(below)]
    assert [line_of(entry) for entry in made.metadata if entry.key.startswith(below)] == expected


@pytest.mark.parametrize(("name", "case"), CASES)
def test_tensors_are_those_of_the_converter(name, case):
    golden, made, out = conversion(name, case)
    found = {f"{each.name} {each.gguf_dtype or out} {shape_of(each, golden['shapes'])}" for each in made.tensors}
    assert found == {line.rpartition(" ")[0] for line in golden["cases"][case]["tensors"]}


@pytest.mark.parametrize(("name", "case"), CASES)
def test_numbers_that_the_converter_makes_are_the_same_bits(name, case):
    golden, made, _ = conversion(name, case)
    for tensor in made.tensors:
        if isinstance(tensor.value, Constant):
            values = tensor.value.values
            digest = hashlib.sha256(struct.pack(f"<{len(values)}f", *values)).hexdigest()
            assert f"{tensor.name} F32 [{len(values)}] {digest}" in golden["cases"][case]["tensors"]


def test_every_tensor_of_a_checkpoint_is_used_or_left_out():
    for name, golden in GOLDENS.items():
        made = converted(golden["config"], golden["shapes"])
        used = {stored for tensor in made.tensors for stored in stored_names(tensor.value)}
        assert len(used) + sum(each.count for each in made.left_out) == len(golden["shapes"]), name


def shape_of(tensor, shapes):
    names = stored_names(tensor.value)
    return list(result_shape(tensor.value, tuple(shapes[names[0]]) if names else ()))


def line_of(entry):
    """Return an entry as goldens have it."""
    kind = entry.element_kind
    if kind is None:
        return f"{entry.key} {entry.kind.name} {json.dumps(entry.scalar())}"
    width, raw = struct.calcsize(SCALARS[kind]), entry.payload[12:]
    values = [struct.unpack_from(SCALARS[MetadataKind(kind)], raw, width * index)[0] for index in range(entry.count)]
    return f"{entry.key} ARRAY {kind.name} {json.dumps(values)}"
