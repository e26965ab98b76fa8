"""The sources that read from servers keep the contract of sources, against a server on this machine."""

import pytest

from qrecipe.sources.http_fault import Patience
from qrecipe.sources.hub import HubSource
from qrecipe.sources.web import WebSource
from qrecipe.testing import SourceContract
from tests.sources import safetensors_bytes as made
from tests.sources.hub_server import HubServer, at_home

ONCE = Patience(attempts=1)
WEIGHTS = "model.safetensors"
FILES = {
    "config.json": b'{"model_type": "none"}',
    "tokenizer.json": b"{}",
    WEIGHTS: made.one("a.weight", 3, shape=(16, 256)),
}


class TestHub(SourceContract):
    source = HubSource(patience=ONCE, asking=ONCE)

    @pytest.fixture(autouse=True)
    def hub(self, tmp_path):
        with HubServer(FILES, apart=(WEIGHTS,)).running() as server, at_home(server, tmp_path):
            yield

    def make(self, folder):
        return "hf://org/name"


class TestWeb(SourceContract):
    source = WebSource(patience=ONCE, asking=ONCE)

    @pytest.fixture(autouse=True)
    def served(self, tmp_path):
        with HubServer(FILES).running() as server, at_home(server, tmp_path):
            self.endpoint = server.endpoint
            yield

    def make(self, folder):
        return f"{self.endpoint}/files/{WEIGHTS}"

    def absent(self):
        return f"{self.endpoint}/files/no-such.safetensors"
