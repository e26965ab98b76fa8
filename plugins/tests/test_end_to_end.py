"""From a checkpoint to text: every architecture and type of both backends, against an independent reference."""

import pytest

import qrecipe
from plugins.tests import building, reference
from plugins.tests.cases import CASES

TIED = {"smollm2", "gemma3-text"}  # these checkpoints hold a head that equals the embeddings and is not used


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case.backend}-{case.model}-{case.name}")
def case(request):
    return request.param


@pytest.fixture(scope="module")
def artifact(case, tmp_path_factory):
    return building.build(case, tmp_path_factory.mktemp("built"))


def test_it_loads_and_computes_what_the_reference_does(case, artifact, tmp_path):
    figures = building.measure(artifact, tmp_path)
    assert figures.loading == ()
    assert figures.modules > 0
    assert figures.difference <= case.near
    assert figures.same_text
    assert figures.error <= case.error


def test_every_file_has_the_size_that_was_planned(artifact):
    (target,) = artifact.planned.targets
    planned = {file.path.removeprefix("artifact/"): file.nbytes for file in target.files}
    assert {path.name: path.stat().st_size for path in artifact.folder.iterdir()} == planned
    assert sum(planned.values()) == target.file_bytes


def test_no_weight_is_lost_and_what_is_kept_is_copied_byte_for_byte(case, artifact):
    source, arrays, made = (
        {reference.in_model(name): value for name, value in tensors.items()}
        for tensors in (
            reference.stored(artifact.source),
            reference.stored(artifact.folder),
            reference.weights(artifact.folder),
        )
    )
    assert source.keys() - made.keys() <= ({"lm_head.weight"} if case.model in TIED else set())
    assert made.keys() <= source.keys()
    assert {name: value.shape for name, value in made.items()} == {name: source[name].shape for name in made}
    kept = [name for name in made if building.same(arrays.get(name), made[name])]
    assert [name for name in kept if not building.same(source[name], made[name])] == []


def test_all_other_files_are_copies(case, artifact):
    for path in artifact.source.iterdir():
        if (
            path.name not in ("config.json", "README.md") and "safetensors" not in path.name
        ):  # the card says another model
            assert (artifact.folder / path.name).read_bytes() == path.read_bytes(), path.name
    before, after = reference.config(artifact.source), reference.config(artifact.folder)
    changed = {key for key in before if before[key] != after.get(key)}
    assert changed <= ({"dtype", "torch_dtype"} if "dtype =" in case.target else set())
    assert after.keys() - before.keys() == {"quantization_config", "qrecipe"}


def test_it_verifies(artifact):
    assert qrecipe.verify(artifact.folder).differences == ()
    assert qrecipe.verify(artifact.folder, source=str(artifact.source)).differences == ()
