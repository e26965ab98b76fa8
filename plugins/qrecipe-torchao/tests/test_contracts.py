"""qrecipe's own contract suites for the backend and for each kind of scheme."""

import pytest
from qrecipe.backends.folder.backend import FolderBackend
from qrecipe.codecs.ggml.format import GGML_FORMATS
from qrecipe.testing import BackendContract, PluginContract, SchemeContract

from qrecipe_torchao.family import Torchao
from qrecipe_torchao.float8 import Float8
from qrecipe_torchao.int4 import Int4
from qrecipe_torchao.int8 import Int8
from qrecipe_torchao.intx import Intx
from qrecipe_torchao.scheme import TorchaoScheme

pytestmark = pytest.mark.model

INT8 = {"layout": '"int8"', "shard_size": '"900kB"'}
CUDA = {"device": '"cuda"', "layout": '"int4"'}
CARRIED = {each.name: each for each in GGML_FORMATS}


class TestIntx(BackendContract):
    backend = FolderBackend(Torchao())
    chain = "int4(group=32) | keep"


class TestInt8(BackendContract):
    backend = FolderBackend(Torchao())
    chain = "int8 | keep"
    keys = INT8


class TestFp8(BackendContract):
    backend = FolderBackend(Torchao())
    chain = "fp8 | keep"


class TestInt4(BackendContract):
    backend = FolderBackend(Torchao())
    chain = "int4(group=64) | keep"
    keys = CUDA


class TestCarried(BackendContract):
    backend = FolderBackend(Torchao())
    chain = "Q6_K | Q4_0 | keep"


class TestPlugin(PluginContract):
    plugin = "qrecipe_torchao.plugin"


class TestIntxScheme(SchemeContract):
    format = TorchaoScheme(Intx(4, 32, "BF16", "BF16"))


class TestIntxRowScheme(SchemeContract):
    format = TorchaoScheme(Intx(8, None, "F32", "BF16"))


class TestInt8Scheme(SchemeContract):
    format = TorchaoScheme(Int8(None, "F32", "BF16"))


class TestFloat8Scheme(SchemeContract):
    format = TorchaoScheme(Float8("BF16"))


class TestInt4Scheme(SchemeContract):
    format = TorchaoScheme(Int4(32))


class TestInt4SymmetricScheme(SchemeContract):
    format = TorchaoScheme(Int4(32, symmetric=True))


class TestQ6KScheme(SchemeContract):
    format = TorchaoScheme(Intx(6, 16, "F32", "BF16"), CARRIED["Q6_K"])
    columns = 512


class TestTq2Scheme(SchemeContract):
    format = TorchaoScheme(Intx(2, 256, "F16", "BF16"), CARRIED["TQ2_0"])
