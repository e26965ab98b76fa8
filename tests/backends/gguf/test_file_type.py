from pathlib import Path

import pytest
import yaml

from qrecipe.backends.gguf.file_type import FILE_TYPES, file_type
from qrecipe.types.decision import Decision
from qrecipe.types.metadata import MetadataEntry, MetadataKind
from tests.backends.gguf.model_in_memory import tensor, use

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "backends" / "gguf_file_type.yaml").read_text())
SHAPES = {0: (1, 1), 1: (256,), 2: (4, 256)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_case(case: dict):
    source = [case["source"]] if "source" in case else []
    metadata = [MetadataEntry.of("general.file_type", MetadataKind.UINT32, number) for number in source]
    decisions = [
        Decision(tensor("t.weight", SHAPES[dims], dtype), use(type_)) for dims, dtype, type_ in case["tensors"]
    ]
    assert file_type(metadata, decisions) == case["file_type"]


@pytest.mark.oracle
def test_gguf_py_knows_the_numbers_by_these_names():
    from gguf import LlamaFileType  # noqa: PLC0415 - only the oracle needs it

    theirs = {kind.value: kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in LlamaFileType}
    ours = {number: name for name, number in FILE_TYPES.items() if number in theirs}
    for number, name in ours.items():
        suffix = "_M" if name in ("Q3_K", "Q4_K", "Q5_K") else "_MOE"
        assert theirs[number].removesuffix(suffix) == name
    assert set(FILE_TYPES) - set(ours.values()) <= {"Q1_0", "Q2_0"}
