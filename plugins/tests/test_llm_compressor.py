"""Our compressed-tensors artifacts are llm-compressor's, byte for byte where it computes in float32 as we do."""

import pytest

from tests.oracle.convert_hf import checkpoints
from tests.oracle.convert_hf.families import FAMILIES
from tests.oracle.llm_compressor import goldens, ours
from tests.oracle.llm_compressor.schemes import DTYPES, MODELS, SCHEMES


@pytest.fixture(scope="module", params=[(model, dtype) for model in MODELS for dtype in DTYPES], ids="-".join)
def source(request, tmp_path_factory):
    model, dtype = request.param
    family = next(family for family in FAMILIES if family.name == model)
    return model, dtype, checkpoints.write(family, dtype, tmp_path_factory.mktemp("source"))


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_arrays_are_those_of_the_golden(source, scheme, tmp_path):
    model, dtype, checkpoint = source
    wanted = set(goldens.read(model, dtype)["schemes"][scheme.name]["arrays"])
    found = set(goldens.contents(ours.build(checkpoint, scheme, tmp_path)))
    assert named(found) == named(wanted)
    rounded = (".weight_packed ", ".weight I8 ", ".weight F8_E4M3 ")  # codes that BF16 arithmetic chooses otherwise
    differ = {line for line in found - wanted if dtype == "F32" or not any(part in line for part in rounded)}
    assert differ == set()


def named(lines):
    """Name, dtype and shape of each array, without the digest."""
    return {line.rpartition(" ")[0] for line in lines}


def test_a_golden_is_of_other_weights_for_each_scheme():
    wanted = [frozenset(goldens.read("llama", "F32")["schemes"][scheme.name]["arrays"]) for scheme in SCHEMES]
    assert len({scheme.name for scheme in SCHEMES}) == len(SCHEMES)
    assert len(set(wanted)) == len(SCHEMES) - 1  # fp8 has the same arrays with and without rounded inputs
