"""What holds for every build of a folder: the same bytes always, whole or not there, nothing overwritten unasked."""

import pytest

import qrecipe
from plugins.tests import building, reference
from plugins.tests.cases import ALL, AO, CT, MIXED, Case

BACKENDS = (CT, AO)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("backend", BACKENDS)
def test_threads_and_memory_change_no_byte_of_the_weights(backend, tmp_path):
    case = Case("same", "gemma4-moe", backend, MIXED)
    one = building.build(case, tmp_path / "one", threads=1)
    (tmp_path / "more").mkdir()
    two = qrecipe.build(tmp_path / "one" / "e2e.toml", output=tmp_path / "more", threads=4, memory=1 << 30)
    assert two.complete
    assert contents(one.folder) == contents(tmp_path / "more" / "artifact")


@pytest.mark.parametrize("backend", BACKENDS)
def test_small_shards_hold_the_same_model(backend, tmp_path):
    case = Case("shards", "gemma4-e2b", backend, MIXED, 'shard_size = "60kB"\n')
    artifact = building.build(case, tmp_path)
    assert len(list(artifact.folder.glob("*.safetensors"))) > 4
    (target,) = artifact.planned.targets
    planned = {file.path.removeprefix("artifact/"): file.nbytes for file in target.files}
    assert {path.name: path.stat().st_size for path in artifact.folder.iterdir()} == planned
    figures = building.measure(artifact, tmp_path)
    assert (figures.loading, figures.difference, figures.same_text) == ((), 0, True)
    assert qrecipe.verify(artifact.folder).differences == ()


@pytest.mark.parametrize("backend", BACKENDS)
def test_vision_and_audio_are_copied_byte_for_byte(backend, tmp_path):
    artifact = building.build(Case("towers", "gemma4-e2b", backend, MIXED), tmp_path)
    before, after = reference.stored(artifact.source), reference.stored(artifact.folder)
    others = [name for name in before if "language_model" not in name]
    assert {part for name in others for part in ("vision", "audio") if part in name} == {"vision", "audio"}
    assert [name for name in others if not building.same(after.get(name), before[name])] == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_layer_that_is_no_linear_one_stays_as_it_is(backend, tmp_path):
    artifact = building.build(Case("conv1d", "gpt2", backend, ALL.format("int4(group=32)")), tmp_path)
    before, after = reference.stored(artifact.source), reference.stored(artifact.folder)
    assert [name for name in before if not building.same(after.get(name), before[name])] == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_interrupted_build_leaves_nothing(backend, tmp_path):
    def stop(event):
        if type(event).__name__ == "TaskDone":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        building.build(Case("stopped", "llama", backend, MIXED), tmp_path, on_event=stop)
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_folder_that_is_there_is_replaced_only_by_force(backend, tmp_path):
    artifact = building.build(Case("twice", "llama", backend, MIXED), tmp_path)
    before = contents(artifact.folder)
    with pytest.raises(qrecipe.BuildError) as refused:
        qrecipe.build(tmp_path / "e2e.toml", output=tmp_path / "out")
    assert {found.code for found in refused.value.diagnostics} == {"output-exists"}
    assert contents(artifact.folder) == before
    assert qrecipe.build(tmp_path / "e2e.toml", output=tmp_path / "out", force=True).complete
    assert contents(artifact.folder) == before


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_part_of_a_model_says_that_it_is_one(backend, tmp_path):
    artifact = building.build(Case("part", "llama", backend, MIXED), tmp_path, only=["blk.0.*"])
    folder = artifact.folder.with_name("artifact-only")  # the name says it, and the lock
    assert not artifact.folder.exists()
    assert b"blk.0.*" in (folder / "qrecipe.lock.json").read_bytes()
    assert not any("layers.1." in name for name in reference.stored(folder))
