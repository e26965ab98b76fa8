"""What `qrecipe.testing` asks of every plug-in, backend and scheme."""

from qrecipe.backends.folder.backend import FolderBackend
from qrecipe.testing import BackendContract, PluginContract, SchemeContract

from qrecipe_compressed_tensors.family import CompressedTensors
from qrecipe_compressed_tensors.scheme import Float8Scheme, IntegerScheme


class TestPlugin(PluginContract):
    plugin = "qrecipe_compressed_tensors.plugin"


class TestGroups(BackendContract):
    backend = FolderBackend(CompressedTensors())
    chain = "int4(group=32) | keep"


class TestRows(BackendContract):
    backend = FolderBackend(CompressedTensors())
    chain = "int8 | keep"


class TestFloat8(BackendContract):
    backend = FolderBackend(CompressedTensors())
    chain = "fp8 | keep"


class TestFourBits(SchemeContract):
    format = IntegerScheme(4, 32, "BF16")


class TestEightBits(SchemeContract):
    format = IntegerScheme(8, None, "F32")


class TestFloat8Scheme(SchemeContract):
    format = Float8Scheme("F32")
