"""Locks: what made an artifact, the same wherever it is made, and enough to make it again byte for byte."""

import getpass
import hashlib
import socket
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np
import pytest

import qrecipe
from qrecipe.api.verifying import read_lock
from qrecipe.codecs.floats import to_bf16
from tests.codecs.qat import bf16, blocks
from tests.conftest import MIX, write_model
from tests.oracle.synthetic_imatrix import write_both

BASE = """\
qrecipe = 1
name = "base"
vars = { small = "Q4_K | Q5_0", never = "Q2_K" }
[[rules]]
match = "blk.7.attn_q"
type = "${never}"
[[rules]]
match = "**"
type = "${small}"
"""
EVERYTHING = """\
qrecipe = 1
name = "everything"
description = "all that a recipe may say, \\"quoted\\" and mit Ümlaut"
extends = ["../shared/base.toml"]
source = "../models/tiny.gguf"
imatrix = "../models/imatrix.gguf"

[vars]
value = "Q6_K"
first = 0

[[rules]]
match = "blk.*.attn_v"
when = "layer == ${first}"
type = "${value}"
why = "as ${value}"
[[rules]]
match = "blk.1.ffn_up"
when = "imatrix and target == 'small'"
type = "IQ2_S"
[[rules]]
match = "blk.*.attn_q"
type = "any(Q5_K, Q4_K) | Q8_0"

[[targets]]
name = "small"
backend = "gguf"
output = "${name}-${target}.gguf"
[[targets]]
name = "own"
backend = "gguf"
output = "deep/${name}-${target}.gguf"
metadata = { "general.name" = "${name}: \\u001b[31m${target}", "x.half" = 0.5, "x.on" = true, "x.count" = -3 }
"""


def laid_out(folder: Path, model: bytes) -> Path:
    """Lay the recipe, its parent, model and imatrix out in folders; return the recipe."""
    for name in ("models", "shared", "mine"):
        (folder / name).mkdir(parents=True)
    (folder / "models/tiny.gguf").write_bytes(model)
    shapes = {
        t.name: tuple(int(n) for n in reversed(t.shape))
        for t in gguf.GGUFReader(folder / "models/tiny.gguf").tensors
        if len(t.shape) > 1
    }
    write_both(folder / "models", shapes)
    (folder / "shared/base.toml").write_text(BASE)
    recipe = folder / "mine/everything.toml"
    recipe.write_text(EVERYTHING)
    return recipe


@pytest.fixture(scope="module")
def model(model_file):
    return model_file.read_bytes()


@pytest.fixture(scope="module")
def first(tmp_path_factory, model):
    """The recipe's artifacts, built with everything that a path, a setting and defaults can do."""
    folder = tmp_path_factory.mktemp("first")
    built = qrecipe.build(laid_out(folder, model), output=folder / "out", set={"small": "Q4_K | Q8_0"}, force=True)
    return [path for one in built.built for path in one.paths]


def test_two_builds_in_different_folders_are_one_to_the_byte(first, model, tmp_path):
    recipe = laid_out(tmp_path / "another place/deeper", model)
    again = qrecipe.build(
        recipe,
        source=str(tmp_path / "another place/deeper/models/tiny.gguf"),
        output=tmp_path / "elsewhere",
        set={"small": "Q4_K | Q8_0"},
        threads=3,
        memory=2 << 30,
        executor="inline",
    )
    for path, one in zip(first, again.built, strict=True):
        assert one.paths[0].read_bytes() == path.read_bytes()


def test_nothing_of_the_machine_is_in_the_file(first):
    words = [str(first[0].parents[1]), str(Path.cwd()), str(Path.home()) + "/", sys.prefix, socket.gethostname()]
    now = datetime.now(UTC)
    words += [f"/{getpass.getuser()}/", now.strftime("%Y-%m"), now.strftime("%Y%m%d"), "/tmp/", "threads"]  # noqa: S108
    for path in first:
        data = path.read_bytes()
        assert [word for word in words if len(word) > 4 and word.encode() in data] == []


def test_the_lock_says_what_made_the_file(first):
    small, own = (read_lock(path) for path in first)
    assert small is not None
    assert own is not None
    assert (small.lock.name, small.lock.target, small.lock.source) == ("everything", "small", "tiny.gguf")
    assert (own.lock.name, own.lock.target) == ("everything", "own")
    assert small.sealed
    assert own.sealed
    assert small.lock.recipe == own.lock.recipe
    assert small.lock.plan_digest != own.lock.plan_digest
    assert [name.split()[0] for name in small.lock.versions] == ["libggml-python", "qrecipe"]
    types = {tensor.name: tensor.type for tensor in small.tensors}
    assert types["blk.1.ffn_up.weight"] == "IQ2_S"
    assert types["blk.0.attn_norm.weight"] == "F32 copied"


def test_the_recipe_in_the_lock_builds_the_same_files(first, model, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "qrecipe", "inspect", "--lock", "--recipe", first[0]], capture_output=True, check=True
    )
    laid_out(tmp_path / "x", model)
    again = tmp_path / "x/models/again.toml"  # beside the model and the imatrix, of which a lock has the names
    again.write_bytes(run.stdout)
    built = qrecipe.build(again, output=tmp_path / "out")
    for path, one in zip(first, built.built, strict=True):
        assert one.paths[0].read_bytes() == path.read_bytes()


@pytest.mark.parametrize("lock", [True, False])
def test_the_planned_size_is_the_written_size(workplace, lock):
    planned = qrecipe.plan("mix.toml", lock=lock).targets[0].file_bytes
    (built,) = qrecipe.build("mix.toml", lock=lock).built
    assert built.paths[0].stat().st_size == planned
    assert (read_lock("mix.gguf") is not None) is lock


def test_the_lock_of_a_source_does_not_stay(workplace):
    qrecipe.build("mix.toml")
    (workplace / "next.toml").write_text(
        MIX.replace('"mix"', '"next"').replace("tiny.gguf", "mix.gguf") + "\n", encoding="utf-8"
    )
    text = (workplace / "next.toml").read_text().replace("[vars]", "requantize = true\n[vars]")
    (workplace / "next.toml").write_text(text.replace("layer == 0", "layer == 1"))
    planned = qrecipe.plan("next.toml").targets[0].file_bytes
    qrecipe.build("next.toml")
    assert (workplace / "next.gguf").stat().st_size == planned
    old, new = read_lock("mix.gguf"), read_lock("next.gguf")
    assert old is not None
    assert new is not None
    assert (new.lock.name, new.lock.source) == ("next", "mix.gguf")
    assert [t.source_digest for t in new.tensors] == [t.digest for t in old.tensors]
    keys = list(gguf.GGUFReader(workplace / "next.gguf").fields)
    assert len(keys) == len(set(keys))
    assert sum(key.startswith("qrecipe.") for key in keys) == 13


@pytest.mark.skipif(sys.platform == "darwin", reason="file names of macOS are UTF-8")
def test_a_source_whose_name_is_no_utf8_is_named_as_well_as_text_can(workplace):
    (workplace / "tiny.gguf").rename(workplace / "t\udcff\u202e.gguf")
    qrecipe.build("mix.toml", source="t\udcff\u202e.gguf")
    found = read_lock("mix.gguf")
    assert found is not None
    assert found.lock.source == "t\ufffd\u202e.gguf"
    assert 'source = "t\\ufffd\\u202e.gguf"\n' in found.lock.recipe


def test_digests_depend_on_neither_memory_nor_threads(tmp_path, monkeypatch):
    write_model(tmp_path / "tiny.gguf", width=1024)
    (tmp_path / "mix.toml").write_text(MIX)
    files = set()
    for threads, memory in ((1, 1 << 30), (5, 1 << 30), (2, 1 << 20), (3, 1)):
        monkeypatch.setattr("qrecipe.api.building.task_budget", lambda _, memory=memory: memory)
        qrecipe.build(tmp_path / "mix.toml", output=tmp_path, threads=threads, force=True)
        files.add((tmp_path / "mix.gguf").read_bytes())
    assert len(files) == 1


def test_digests_are_those_that_the_page_defines(tmp_path):
    """docs/reference/backend-gguf.md, followed with gguf-py and nothing of ours."""
    write_model(tmp_path / "tiny.gguf", width=2048)  # matrices of several pieces
    (tmp_path / "mix.toml").write_text(MIX)
    qrecipe.build(tmp_path / "mix.toml", output=tmp_path)
    reader = gguf.GGUFReader(tmp_path / "mix.gguf")
    said = np.array(reader.fields["qrecipe.tensor_digests"].contents(), np.uint8).tobytes()
    for number, tensor in enumerate(reader.tensors):
        data = tensor.data.tobytes()
        cols, rows = (*(int(n) for n in tensor.shape), 1)[:2]
        count = min(-(-rows * cols // 2**21), rows)
        cuts = [len(data) // rows * (rows * i // count) for i in range(count + 1)]
        pieces = [hashlib.sha256(data[start:stop]).digest() for start, stop in pairwise(cuts)]
        assert hashlib.sha256(b"".join(pieces)).digest() == said[32 * number :][:32], tensor.name
    header = bytearray((tmp_path / "mix.gguf").read_bytes()[: reader.data_offset])
    place = header.index(b"qrecipe.header_digest") + 21 + 12
    digits = bytes(header[place : place + 64])
    header[place : place + 64] = b"0" * 64
    assert hashlib.sha256(header).hexdigest().encode() == digits


def test_a_plan_file_keeps_its_choice(workplace):
    for lock in (True, False):
        (workplace / "plan.json").write_text(qrecipe.plan_json(qrecipe.plan("mix.toml", lock=lock)))
        qrecipe.build("plan.json", output=f"{lock}")
        qrecipe.build("mix.toml", output=f"direct-{lock}", lock=lock)
        assert (workplace / f"{lock}/mix.gguf").read_bytes() == (workplace / f"direct-{lock}/mix.gguf").read_bytes()


def test_a_plan_with_a_lock_is_not_built_without(workplace):
    (workplace / "plan.json").write_text(qrecipe.plan_json(qrecipe.plan("mix.toml")))
    with pytest.raises(qrecipe.BuildError) as caught:
        qrecipe.build("plan.json", lock=False)
    assert str(caught.value) == (
        "error: the plan was made for an artifact with a lock\n"
        "why: its sizes count the bytes of the lock, so --no-lock comes too late\n"
        "fix: plan again with --no-lock, or build without that flag"
    )


FITTED = """
qrecipe = 1
name = "fitted"
source = "qat.gguf"
rules = [
  { match = "blk.*.ffn_up", type = "Q4_0(fit=lattice)" },
  { match = "blk.*.attn_q", type = "Q6_K(fit=rtn)" },
  { match = "**", type = "Q8_0" },
]
targets = [{ backend = "gguf", output = "fitted.gguf" }]
"""


@pytest.fixture
def fitted(tmp_path):
    """Write a model with a tensor of several pieces on a grid, and a recipe for it."""
    random = np.random.default_rng(3)
    ffn = blocks(random, 150_000, (1e-4, 1e-1), rounded=False).reshape(-1, 256)
    other = bf16(random.normal(size=(64, 256)) * 0.02)
    writer = gguf.GGUFWriter(tmp_path / "qat.gguf", "llama")
    writer.add_block_count(1)
    for name, rows in (("ffn_up", ffn), ("attn_q", other), ("attn_v", other)):
        data = to_bf16(rows).view(np.uint8)
        writer.add_tensor(f"blk.0.{name}.weight", data, raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (tmp_path / "fitted.toml").write_text(FITTED)
    return tmp_path


def test_the_lock_says_what_came_of_a_fit(fitted):
    built = qrecipe.build(fitted / "fitted.toml", output=fitted).built[0]
    tensors = {tensor.name: tensor for tensor in qrecipe.read_lock(fitted / "fitted.gguf").tensors}
    values = {each.tensor: each for each in qrecipe.verify(fitted / "fitted.gguf", source=fitted / "qat.gguf").values}
    counts, measure = built.counts["blk.0.ffn_up.weight"], tensors["blk.0.ffn_up.weight"].measure
    assert (measure.blocks, measure.certified, measure.near) == (counts.blocks, counts.certified, counts.near)
    assert 0.98 < measure.certified / measure.blocks < 1
    for name in ("blk.0.ffn_up.weight", "blk.0.attn_q.weight"):
        measure = tensors[name].measure
        assert measure.weights == values[name].weights
        assert measure.identical / measure.weights == values[name].identical
        assert measure.rmse == pytest.approx(values[name].rmse)
    assert (tensors["blk.0.attn_q.weight"].measure.blocks, tensors["blk.0.attn_v.weight"].measure) == (0, None)
    assert values["blk.0.ffn_up.weight"].certified == counts.certified


def test_measures_are_the_same_bytes_whatever_memory_and_threads(fitted, monkeypatch):
    files = set()
    for threads, memory in ((1, 1 << 30), (3, 1 << 20), (2, 1)):
        monkeypatch.setattr("qrecipe.api.building.task_budget", lambda _, memory=memory: memory)
        qrecipe.build(fitted / "fitted.toml", output=fitted, threads=threads, force=True)
        files.add((fitted / "fitted.gguf").read_bytes())
    assert len(files) == 1


def test_measures_that_cannot_be_are_damage(fitted):
    qrecipe.build(fitted / "fitted.toml", output=fitted)
    data = bytearray((fitted / "fitted.gguf").read_bytes())
    place = data.index(b"qrecipe.tensor_measures") + 23 + 16
    data[place + 8 + 7] = 1  # more certified than there are blocks
    (fitted / "fitted.gguf").write_bytes(data)
    with pytest.raises(qrecipe.SourceError, match="it counts more than there is"):
        qrecipe.read_lock(fitted / "fitted.gguf")
