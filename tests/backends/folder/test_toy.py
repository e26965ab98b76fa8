"""What every folder backend shares, on a shipped model: sizes, bytes, lock and verification."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

import qrecipe
from qrecipe.api.opening import open_checkpoint
from qrecipe.host.catalog import make_catalog
from tests.backends.folder.installed import RECIPE, install


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    install(monkeypatch)


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "bard.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture
def built(recipe, tmp_path):
    qrecipe.build(recipe, output=tmp_path / "out")
    return tmp_path / "out" / "bard-toy"


def arrays(folder: Path):
    """Return what is quantized, by an independent reader."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "np") as file:
            names = [name for name in file.keys() if name.endswith((".codes", ".scales", ".size"))]  # noqa: SIM118
            found |= {name: file.get_tensor(name) for name in names}
    return found


def source_weights(name: str):
    """Return a BF16 tensor of the source as float32."""
    checkpoint = open_checkpoint("lib:bard-3m-qat-q4_0", Path(), make_catalog(discover=False))
    stored = checkpoint.tensors[name]
    raw = np.frombuffer(checkpoint.read(name, 0, stored.nbytes), "<u2").astype("<u4") << 16
    return raw.view(np.float32).reshape(stored.shape)


def test_every_file_has_the_size_that_was_planned(recipe, tmp_path, built):
    planned = qrecipe.plan(recipe).targets[0].files
    assert len([file for file in planned if file.path.endswith(".safetensors")]) > 1
    sizes = {file.path: file.nbytes for file in planned}
    assert sizes == {f"bard-toy/{path.name}": path.stat().st_size for path in built.iterdir()}


def test_the_arrays_are_the_schemes(built):
    found = arrays(built)
    name = next(each for each in found if each.endswith("layers.1.mlp.up_proj.codes")).removesuffix(".codes")
    codes, scales = found[f"{name}.codes"], found[f"{name}.scales"]
    assert found[f"{name}.size"].tolist() == list(codes.shape)
    weights = source_weights(f"{name}.weight")
    blocks = weights.reshape(len(weights), -1, 32)
    assert np.array_equal(scales, (np.abs(blocks).max(axis=2) / np.float32(7)).T)
    assert np.array_equal(codes, np.rint(blocks / scales.T[:, :, None]).reshape(weights.shape))


def test_a_build_verifies(built):
    found = qrecipe.verify(built)
    assert found.differences == ()
    assert found.lock is not None


def test_it_verifies_against_its_source(built):
    found = qrecipe.verify(built, source="lib:bard-3m-qat-q4_0")
    assert found.differences == ()
    assert {values.tensor for values in found.values} == {tensor.name for tensor in found.lock.tensors}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("memory", [None, 1 << 30])
def test_bytes_depend_on_neither_threads_nor_memory(recipe, tmp_path, built, threads, memory):
    again = tmp_path / "again"
    qrecipe.build(recipe, output=again, threads=threads, memory=memory)
    for path in built.iterdir():
        assert (again / "bard-toy" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_flipped_bit_in_any_file_is_found(built):
    for path in sorted(built.iterdir()):
        data = bytearray(path.read_bytes())
        place = len(data) * 2 // 3
        data[place] ^= 1
        path.write_bytes(data)
        with suppress(qrecipe.QrecipeError):  # it cannot be read at all
            assert qrecipe.verify(built).differences, path.name
        data[place] ^= 1
        path.write_bytes(data)
    assert qrecipe.verify(built).differences == ()
