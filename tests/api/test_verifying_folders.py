"""Folder artifacts verified: every file altered, missing or added, the lock and config.json edited, arrays damaged."""

import json
import shutil
import tracemalloc
from pathlib import Path

import pytest

import qrecipe
from qrecipe.api import verifying
from tests.backends.folder.installed import RECIPE, install

AGAIN = "fix: download the file again; if it is the same then, whoever published it has to mend it"
BUILD_AGAIN = "fix: download or build the artifact again"
CONFIG_ALTERED = (
    "error: config.json is not the one that was built\n  --> bard-toy\n"
    f"why: its SHA-256 is not the one in qrecipe.lock.json\n{BUILD_AGAIN}"
)
LOCK_ALTERED = (
    "error: qrecipe.lock.json is not the one that was built\n  --> bard-toy\n"
    f"why: its SHA-256 is not the one in config.json (`qrecipe.lock`)\n{BUILD_AGAIN}"
)
UNNAMED = (
    "error: nothing can be held against the lock, qrecipe.lock.json\n  --> bard-toy\n"
    "why: config.json lacks its digest (`qrecipe.lock`) or how weights are stored; one that was built has both\n"
    f"{AGAIN}"
)
Q = "model.layers.0.self_attn.q_proj"
UP = "model.layers.1.mlp.up_proj"


@pytest.fixture(scope="module", autouse=True)
def toy():
    with pytest.MonkeyPatch.context() as patch:
        install(patch)
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the artifact in four shards, one in a single file, and one without a lock."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "bard.toml").write_text(RECIPE)
    (folder / "one.toml").write_text(RECIPE.replace("2MB", "5GB"))
    qrecipe.build(folder / "bard.toml", output=folder)
    qrecipe.build(folder / "one.toml", output=folder / "one")
    qrecipe.build(folder / "bard.toml", output=folder / "bare", lock=False)
    return folder


@pytest.fixture
def place(built, tmp_path, monkeypatch):
    """A copy in the working folder."""
    shutil.copytree(built / "bard-toy", tmp_path / "bard-toy")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "bard-toy"


@pytest.fixture
def single(built, tmp_path, monkeypatch):
    shutil.copytree(built / "one" / "bard-toy", tmp_path / "bard-toy")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "bard-toy"


def said(**asked):
    return [str(each).replace(str(Path.cwd()) + "/", "") for each in qrecipe.verify("bard-toy", **asked).differences]


def edit(path, change):
    """Change a JSON file; its text stays as it is elsewhere."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


@pytest.mark.parametrize("name", ["generation_config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_file_beside_the_weights(place, name):
    data = (place / name).read_bytes()
    (place / name).write_bytes(data + b" ")
    assert said() == [
        (
            f"error: {name} is not the one that was built\n  --> bard-toy\n"
            f"why: its SHA-256 is not the one in qrecipe.lock.json\n{BUILD_AGAIN}"
        )
    ]
    (place / name).unlink()
    assert said() == [
        (
            f"error: the artifact lacks {name}\n  --> bard-toy\n"
            f"why: qrecipe.lock.json lists every file that was built\n{BUILD_AGAIN}"
        )
    ]


def test_a_shard_is_missing(place):
    (place / "model-00003-of-00004.safetensors").unlink()
    assert said() == [
        (
            "error: of the index's 4 files, these are missing: model-00003-of-00004.safetensors\n"
            "  --> bard-toy/model.safetensors.index.json\n"
            "fix: download the missing files into its folder"
        )
    ]


def test_the_index_is_missing(place):
    (place / "model.safetensors.index.json").unlink()
    (found,) = said()
    assert found.startswith("error: the folder holds shards, and no model.safetensors.index.json: ")


def test_shards_are_swapped(place):
    first, second = (place / f"model-0000{number}-of-00004.safetensors" for number in (1, 2))
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)
    (found,) = said()
    assert " in model-00001-of-00004.safetensors, and it is in model-00002-of-00004.safetensors\n" in found


def test_what_no_build_wrote(place):
    for name in ("modeling.py", "README.md", ".gitattributes", "LICENSE.txt"):
        (place / name).write_text("")
    (place / "original").mkdir()
    (place / ".cache").mkdir()
    assert said() == [
        (
            "error: the artifact holds modeling.py, original, of which its lock says nothing\n  --> bard-toy\n"
            "why: a runtime may read it besides what was built, or in place of it\n"
            "fix: take it out, or download the artifact again"
        )
    ]


def test_a_bit_of_codes_and_one_of_scales(single):
    checkpoint = qrecipe.inspect(single).checkpoint.original
    path = single / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[checkpoint.tensors[f"{Q}.codes"].offset + 5000] ^= 1
    data[checkpoint.tensors[f"{UP}.scales"].offset + 9] ^= 1
    data[checkpoint.tensors["model.norm.weight"].offset] ^= 1
    path.write_bytes(data)
    norm = checkpoint.tensors["model.norm.weight"]
    places = {
        "model.norm.weight": f", bytes {norm.offset} to {norm.offset + norm.nbytes}",
        f"{Q}.weight": "",
        f"{UP}.weight": "",
    }
    assert sorted(said()) == sorted(
        f"error: tensor {name!r} is not as it was written\n  --> model.safetensors, {name}{where}\n"
        f"why: its SHA-256 is not the one in the lock\n{AGAIN}"
        for name, where in places.items()
    )


def rewritten(folder, change):
    """Change the arrays of a folder of one file, by another writer."""
    path = folder / "model.safetensors"
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:start])
    metadata = header.pop("__metadata__")
    arrays = {name: (e["dtype"], e["shape"], raw[start:][slice(*e["data_offsets"])]) for name, e in header.items()}
    change(arrays)
    table, end = {"__metadata__": metadata}, 0
    for name, (dtype, shape, data) in arrays.items():
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(table).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(data for *_, data in arrays.values()))


HEADER_ALTERED = (
    "error: model.safetensors is not the one that was built\n  --> bard-toy\n"
    f"why: its SHA-256 is not the one in qrecipe.lock.json\n{BUILD_AGAIN}"
)


def module_damaged(module, why):
    return (
        f"error: module {module} is not stored as config.json says\n  --> bard-toy/model.safetensors\n"
        f"why: {why}\n{BUILD_AGAIN}"
    )


def test_arrays_of_modules_are_missing_or_of_another_shape(single):
    def change(arrays):
        del arrays[f"{Q}.codes"]
        dtype, _, data = arrays[f"{UP}.scales"]
        arrays[f"{UP}.scales"] = dtype, [4, 256], data[:4096]

    rewritten(single, change)
    assert said() == [
        HEADER_ALTERED,
        module_damaged(Q, f"{Q}.codes is missing"),
        module_damaged(UP, f"{UP}.scales should be F32 [8, 256] and is F32 [4, 256]"),
    ]


def test_what_says_the_shape_says_another_one(single):
    checkpoint = qrecipe.inspect(single).checkpoint.original
    path = single / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[checkpoint.tensors[f"{UP}.size"].offset] ^= 64
    path.write_bytes(data)
    assert said() == [module_damaged(UP, f"{UP}.size holds other numbers than its matrix of 256 by 256 has")]


def test_a_tensor_more_and_one_less(single):
    def change(arrays):
        del arrays["model.norm.weight"]
        arrays["model.nrom.weight"] = "F32", [4], bytes(16)

    rewritten(single, change)
    assert said() == [
        HEADER_ALTERED,
        (
            "error: the artifact lacks tensor 'model.norm.weight' of its lock\n  --> bard-toy\n"
            f"why: the lock lists every tensor that was built\n{AGAIN}"
        ),
        (
            "error: the artifact holds tensor 'model.nrom.weight', of which its lock says nothing\n  --> bard-toy\n"
            f"why: the lock lists every tensor that was built\n{AGAIN}"
        ),
    ]


def test_the_lock_is_missing_damaged_or_of_the_future(place):
    path = place / "qrecipe.lock.json"
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    assert said()[0].startswith("error: the lock of this artifact is damaged\n  --> bard-toy/qrecipe.lock.json\n")
    path.write_text(text.replace('"qrecipe": 1', '"qrecipe": 7', 1))
    assert said() == [
        (
            "error: the lock of this artifact is damaged at qrecipe\n  --> bard-toy/qrecipe.lock.json, qrecipe\n"
            f"why: it is of version 7; this release reads version 1\n{BUILD_AGAIN}"
        )
    ]
    path.unlink()
    assert said() == [
        (
            "error: the lock of this artifact is missing\n  --> bard-toy/qrecipe.lock.json\n"
            f"why: config.json has its digest (`qrecipe.lock`), so there was one\n{BUILD_AGAIN}"
        )
    ]


@pytest.mark.parametrize(
    ("change", "rest"),
    [
        (lambda lock: lock["tensors"].pop("model.norm.weight"), "of which its lock says nothing"),
        (lambda lock: lock["tensors"].update(more=lock["tensors"]["model.norm.weight"]), "lacks tensor 'more' of"),
        (lambda lock: lock["tensors"][f"{Q}.weight"].update(stored="int4"), "is stored as int8; the lock says int4"),
        (lambda lock: lock["tensors"][f"{Q}.weight"].update(digest="0" * 64), "is not as it was written"),
        (lambda lock: lock["tensors"][f"{Q}.weight"].update(shape=[8, 256], modules={Q: [0, 8]}), f"tensors.{Q}."),
        (lambda lock: lock["tensors"][f"{Q}.weight"].update(shape=[256, 256], modules={"x": [0, 256]}), f"tensors.{Q}"),
        (lambda lock: lock["files"].update({"../bard.toml": "0" * 64}), "lacks ../bard.toml"),
    ],
)
def test_the_lock_was_edited(place, change, rest):
    edit(place / "qrecipe.lock.json", change)
    first, *others = said()
    assert first == LOCK_ALTERED
    assert [rest in each for each in others] == [True]


def test_config_was_edited(place):
    edit(place / "config.json", lambda config: config.update(dtype="float16"))
    assert said() == [CONFIG_ALTERED]
    edit(place / "config.json", lambda config: config["quantization_config"]["modules"].update({"model.x": [8, None]}))
    assert said() == [
        CONFIG_ALTERED,
        module_damaged("model.x", "model.x.codes is missing").replace(".safetensors\n", ".safetensors.index.json\n"),
    ]


@pytest.mark.parametrize("key", ["qrecipe", "quantization_config"])
def test_config_says_nothing_of_its_lock_or_of_its_weights(place, key):
    edit(place / "config.json", lambda config: config.pop(key))
    assert said() == [UNNAMED]
    (place / "config.json").unlink()
    assert said() == [UNNAMED]


def test_a_plug_in_is_missing(place):
    edit(place / "config.json", lambda config: config["quantization_config"].update(quant_method="torchao"))
    assert said() == [
        (
            "error: these weights are quantized with torchao, which nothing installed reads\n"
            "  --> bard-toy, config.json, quantization_config\n"
            "why: each tensor is stored as several arrays, codes and scales, and only its backend knows which are "
            "whose\n"
            "fix: pip install qrecipe-torchao; take the original model where weights are wanted"
        )
    ]


def test_a_build_without_a_lock(built):
    found = qrecipe.verify(built / "bare" / "bard-toy")
    assert (found.differences, found.lock, found.tensors) == ((), None, 67)
    assert not (built / "bare" / "bard-toy" / "qrecipe.lock.json").exists()
    compared = qrecipe.verify(built / "bare" / "bard-toy", source="lib:bard-3m-qat-q4_0")
    assert compared.differences == ()
    assert len(compared.values) == 67


def test_another_source(place):
    found = qrecipe.verify("bard-toy", source="lib:bard-3m-qat-mobile")
    assert {each.code for each in found.differences} == {"verify-source-tensor"}  # of the same shapes
    assert f"{Q}.weight" in {each.where.key_path for each in found.differences}


def test_sizes_are_of_all_files(place):
    found = qrecipe.verify("bard-toy")
    assert found.nbytes == sum(path.stat().st_size for path in place.iterdir())
    assert found.tensors == len(found.lock.tensors) == 67


def test_an_empty_folder_is_no_artifact(tmp_path):
    with pytest.raises(qrecipe.SourceError, match="holds no"):
        qrecipe.verify(tmp_path)


def test_memory_is_that_of_steps(single, monkeypatch):
    monkeypatch.setattr(verifying, "task_budget", lambda *_, **__: 1 << 18)
    qrecipe.verify("bard-toy", threads=1)
    tracemalloc.start()
    qrecipe.verify("bard-toy", threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20  # the largest tensor has 1.3 MB, all of them 6.1
