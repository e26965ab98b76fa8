"""Contract suites: every promise of the protocols in `qrecipe.types` as a pytest test, for authors of plug-ins.

Subclass a suite, say what is tried, and name the class `Test…`; the built-ins pass the same suites. This is the only
package that loads pytest. What each suite wants to be told stands in its class's docstring.
"""

from qrecipe.testing.architectures import ArchitectureContract
from qrecipe.testing.backends import BackendContract
from qrecipe.testing.checkpoints import write_checkpoint
from qrecipe.testing.contract import Contract
from qrecipe.testing.executors import ExecutorContract
from qrecipe.testing.fits import FitContract
from qrecipe.testing.formats import FormatContract
from qrecipe.testing.functions import FunctionContract
from qrecipe.testing.plugins import PluginContract
from qrecipe.testing.schemes import SchemeContract
from qrecipe.testing.sources import SourceContract

__all__ = [
    "ArchitectureContract",
    "BackendContract",
    "Contract",
    "ExecutorContract",
    "FitContract",
    "FormatContract",
    "FunctionContract",
    "PluginContract",
    "SchemeContract",
    "SourceContract",
    "write_checkpoint",
]
