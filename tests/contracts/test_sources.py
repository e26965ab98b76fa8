"""Every built-in source keeps the contract of sources; those of servers against a server on this machine."""

from pathlib import Path

import numpy as np
import pytest

from qrecipe.sources.builtin import SOURCES
from qrecipe.sources.filesystem import FilesystemSource
from qrecipe.sources.hub import HubSource
from qrecipe.sources.local import LocalSource
from qrecipe.sources.package import PackageSource
from qrecipe.sources.shipped import ShippedSource
from qrecipe.sources.web import WebSource
from qrecipe.testing import SourceContract, write_checkpoint
from tests.sources.gguf_bytes import Row, gguf
from tests.sources.test_package import install

ROWS = (Row(b"a.weight", (4, 32)), Row(b"b.weight", (3, 64), 2), Row(b"c.weight", (5,)))
GGUF = gguf(ROWS, data=[np.arange(row.nbytes, dtype=np.uint8).tobytes() for row in ROWS])


def tensors():
    source = np.random.default_rng(1)
    return {name: source.standard_normal((6, 8)).astype(np.float32) for name in ("x.weight", "y.weight", "z.weight")}


class TestLocalGguf(SourceContract):
    source = LocalSource()

    def make(self, folder):
        (folder / "model.gguf").write_bytes(GGUF)
        return "model.gguf"

    def absent(self):
        return "no-model.gguf"


class TestLocalFolder(SourceContract):
    source = LocalSource()

    def make(self, folder):
        write_checkpoint(folder / "model", tensors(), {"architectures": ["NoSuchModel"]})
        return "model"


class TestFilesystem(SourceContract):
    source = FilesystemSource()

    def make(self, folder):
        (folder / "model.gguf").write_bytes(GGUF)
        return f"file://{folder}/model.gguf"


class TestShipped(SourceContract):
    source = ShippedSource()

    def make(self, folder):
        return "lib:bard-3m-qat-q4_0"

    def absent(self):
        return "lib:no-such-model"


class TestPackage(SourceContract):
    source = PackageSource()

    @pytest.fixture(autouse=True)
    def site(self, tmp_path, monkeypatch):
        monkeypatch.syspath_prepend(tmp_path)

    def make(self, folder):
        install(Path(folder), "qr-contract", {"qr_contract/model.gguf": GGUF})
        return "pkg:qr-contract"

    def absent(self):
        return "pkg:qr-no-such-package"


def test_every_source_is_tried():
    served = (HubSource, WebSource)  # tests/contracts/test_remote_sources.py
    tried = {type(each.source) for each in SourceContract.__subclasses__() if each.__module__ == __name__}
    assert {type(each) for each in SOURCES} == tried | set(served)
