"""The backends keep the contract of backends: gguf, and a toy family of folders."""

from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.testing import BackendContract, SchemeContract
from tests.backends.folder import toy


class TestGgufRounded(BackendContract):
    backend = GgufBackend()
    chain = "Q8_0 | F16"
    output = "model.gguf"
    loss = 0.01


class TestGgufSearched(BackendContract):
    backend = GgufBackend()
    chain = "Q4_K | Q4_0 | F16"
    output = "model.gguf"


class TestToy(BackendContract):
    backend = toy.TOY
    chain = "int8 | keep"
    loss = 0.02


class TestToyGroups(BackendContract):
    backend = toy.TOY
    chain = "int4(group=32) | keep"
    keys = {"shard_size": '"1MB"'}  # noqa: RUF012 - a subclass in a few lines, as authors write them


class TestToyScheme(SchemeContract):
    format = toy.ToyScheme(8)
    bound = 0.5 / 127
    test_loading_it_loads_no_heavy_package = None  # the toy stands in a test file


class TestToySchemeOfGroups(SchemeContract):
    format = toy.ToyScheme(4, 32, transposed=True)
    test_loading_it_loads_no_heavy_package = None
