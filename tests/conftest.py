"""A small model on disk, written by gguf-py, for tests that go through files. Installed plug-ins are hidden."""

import os
from importlib import metadata
from pathlib import Path

import gguf
import numpy as np
import pytest

from qrecipe.host import manager
from tests.no_plugins import sitecustomize

NO_PLUGINS = str(Path(sitecustomize.__file__).parent)
"""A folder for PYTHONPATH: a Python that starts with it finds no plug-in that is installed in this environment."""

WIDTH, FEED, VOCAB, BLOCKS = 256, 320, 32, 2


def write_model(path, *, dtype=np.float16, width=WIDTH, seed=7, change=None):
    """Write a llama-like GGUF: matrices of `dtype`, norms in F32. `change(name, array)` may return other weights."""
    rng = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_block_count(BLOCKS)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"t{i}" for i in range(VOCAB)])
    shapes = {"token_embd.weight": (VOCAB, width), "output_norm.weight": (width,)}
    for block in range(BLOCKS):
        shapes |= {
            f"blk.{block}.attn_norm.weight": (width,),
            f"blk.{block}.attn_q.weight": (width, width),
            f"blk.{block}.attn_v.weight": (width // 2, width),
            f"blk.{block}.ffn_up.weight": (FEED, width),
            f"blk.{block}.ffn_down.weight": (width, FEED),
        }
    for name, shape in shapes.items():
        values = rng.normal(0, 0.05, shape).astype(np.float32)
        values = values if change is None else change(name, values)
        writer.add_tensor(name, values if len(shape) == 1 else values.astype(dtype))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="package", autouse=True)
def no_plugins():
    """Hide installed plug-ins here, and in every Python that a test starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manager, "entry_points", sitecustomize.hiding(metadata.entry_points))
        patch.setenv("PYTHONPATH", python_path(*filter(None, [os.environ.get("PYTHONPATH")])))
        yield


@pytest.fixture
def installed_plugins(monkeypatch):
    """Let a test see them all the same."""
    monkeypatch.setattr(manager, "entry_points", metadata.entry_points)
    monkeypatch.setenv("PYTHONPATH", "")


def python_path(*folders):
    """Return a PYTHONPATH of folders, with which installed plug-ins are hidden."""
    return os.pathsep.join((NO_PLUGINS, *map(str, folders)))


@pytest.fixture(scope="session")
def model_file(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture
def workplace(tmp_path, model_file, monkeypatch):
    """A folder with `tiny.gguf` and `mix.toml`, and the working folder in it."""
    (tmp_path / "tiny.gguf").write_bytes(model_file.read_bytes())
    (tmp_path / "mix.toml").write_text(MIX)
    monkeypatch.chdir(tmp_path)
    return tmp_path


MIX = """\
qrecipe = 1
name = "mix"
source = "tiny.gguf"

[vars]
small = "Q4_K | Q5_0"

[[rules]]
match = "token_embd"
type = "Q8_0"
why = "tied"
[[rules]]
match = "blk.*.attn_v"
when = "layer == 0"
type = "Q6_K"
[[rules]]
match = "**"
type = "${small}"
"""
