"""The contract suites applied to broken plug-ins; `test_broken_plugins.py` runs this file and looks at what fails."""

import numpy as np

from qrecipe.testing import (
    ArchitectureContract,
    BackendContract,
    ExecutorContract,
    FitContract,
    FormatContract,
    FunctionContract,
    PluginContract,
    SourceContract,
    write_checkpoint,
)
from qrecipe.types.format import TypeUse
from tests.architectures.checkpoints import FAMILIES
from tests.sources.gguf_bytes import Row, gguf
from tests.testing import broken


class BytesContract(FormatContract):
    bound = 0.5 / 127
    test_loading_it_loads_no_heavy_package = None  # all of them stand in a file that imports numpy


class TestBytes(BytesContract):
    format = broken.Bytes()


class TestHeavy(FormatContract):
    format = broken.Bytes()
    bound = 0.5 / 127


class TestWrongSize(BytesContract):
    format = broken.WrongSize()


class TestWrongRounding(BytesContract):
    format = broken.WrongRounding()


class TestRandom(BytesContract):
    format = broken.Random()


class TestRowsDepend(BytesContract):
    format = broken.RowsDepend()


class TestMutates(BytesContract):
    format = broken.Mutates()


class TestHangs(BytesContract):
    format = broken.Hangs()
    limit_s = 1.0


class TestNotThreadSafe(BytesContract):
    format = broken.NotThreadSafe()


class TestDecodesToDoubles(BytesContract):
    format = broken.DecodesToDoubles()


class TestCounts(FitContract):
    fit = broken.Counts()
    use = TypeUse(broken.Q8_0)
    test_loading_it_loads_no_heavy_package = None


class GgufContract(BackendContract):
    chain = "Q8_0 | F16"
    output = "model.gguf"
    test_loading_it_loads_no_heavy_package = None


class TestWrapped(GgufContract):
    backend = broken.Wrapped()


class TestLiesAboutMemory(GgufContract):
    backend = broken.LiesAboutMemory()


class TestWritesHalf(GgufContract):
    backend = broken.WritesHalf()


class TestHangsInATask(GgufContract):
    backend = broken.HangsInATask()
    limit_s = 6.0


class TestRunsTwice(ExecutorContract):
    executor = broken.RunsTwice()
    test_loading_it_loads_no_heavy_package = None


class TestSwallows(ExecutorContract):
    executor = broken.Swallows()
    test_loading_it_loads_no_heavy_package = None


class TestIgnoresMemory(ExecutorContract):
    executor = broken.IgnoresMemory()
    test_loading_it_loads_no_heavy_package = None


class TestReadsOutside(SourceContract):
    source = broken.Outside()
    test_loading_it_loads_no_heavy_package = None

    def make(self, folder):
        (folder / "model.gguf").write_bytes(gguf([Row(b"a.weight"), Row(b"b.weight")]))
        return "model.gguf"


class TestDisagrees(ArchitectureContract):
    architecture = broken.Disagrees()
    test_loading_it_loads_no_heavy_package = None

    def make(self, folder):
        config, shapes = FAMILIES["llama"]
        return write_checkpoint(folder, {name: np.ones(shape, np.float32) for name, shape in shapes.items()}, config)


class TestNotTotal(FunctionContract):
    function = broken.halves
    test_loading_it_loads_no_heavy_package = None


class TestMoody(FunctionContract):
    function = broken.moody
    test_loading_it_loads_no_heavy_package = None


class TestLoud(PluginContract):
    plugin = "tests.testing.loud"


class TestOutdated(PluginContract):
    plugin = "tests.testing.outdated"
