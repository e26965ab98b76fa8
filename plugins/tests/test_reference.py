"""The reference that artifacts are held against is itself held against what the two libraries write and run."""

import pytest

from benchmarks import by_library
from plugins.tests import activations, models, reference, runtime

# torchao's int8 per row multiplies by the scale after the product, and int8 × int8 products are whole numbers: rounding
# differs from a model of dequantized weights, so these are near and not equal.
NEAR = {("torchao", "int8"): 0.2, ("torchao", "int8-dynamic"): 0.4}
CASES = [("compressed-tensors", setting) for setting in by_library.SCHEMES]
CASES += [("torchao", setting) for setting in by_library.CONFIGS]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return models.write("llama", tmp_path_factory.mktemp("source"))


@pytest.mark.parametrize(("library", "setting"), CASES)
def test_what_a_library_writes_and_runs_is_what_the_reference_reads(library, setting, source, tmp_path):
    artifact = tmp_path / "artifact"
    by_library.LIBRARIES[library](source, artifact, setting)
    plain = reference.write_plain(artifact, tmp_path / "plain")
    theirs, ours = runtime.run(artifact), runtime.run(plain, activations.of(artifact))
    assert (theirs.missing, theirs.unexpected) == ((), ())
    assert theirs.farthest(ours) <= NEAR.get((library, setting), 0)
    assert theirs.tokens == ours.tokens
    assert 0 < theirs.farthest(runtime.run(source)) < 6  # it was quantized, and is no noise
