"""What `qrecipe.testing` asks of every plug-in, backend and scheme."""

from qrecipe.codecs.builtin import FORMATS
from qrecipe.testing import BackendContract, PluginContract, SchemeContract

from qrecipe_mlx.backend import MlxBackend
from qrecipe_mlx.carried import Carried
from qrecipe_mlx.scheme import Affine
from qrecipe_mlx.symmetric import Symmetric

GGML = {format_.name: format_ for format_ in FORMATS}


class TestPlugin(PluginContract):
    plugin = "qrecipe_mlx"


class TestBackend(BackendContract):
    backend = MlxBackend()
    chain = "int4(group=64) | keep"


class TestFloat16(BackendContract):
    backend = MlxBackend()
    chain = "Q4_0 | keep"
    keys = {"dtype": '"float16"'}  # noqa: RUF012 - nobody changes it


class TestAffine(SchemeContract):
    format = Affine(4, 64, "BF16")


class TestThreeBits(SchemeContract):
    format = Affine(3, 32, "F32")


class TestSymmetric(SchemeContract):
    format = Symmetric(4, 32, "BF16")


class TestCarried(SchemeContract):
    format = Carried(5, 32, "F16", blocks=GGML["Q5_1"])
