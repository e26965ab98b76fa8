"""The toy family as an installed plug-in: here, or in the Python that a test starts; and a small recipe for it."""

import os
from pathlib import Path
from types import SimpleNamespace

from qrecipe.host import manager
from tests.backends.folder.toy import ToyPlugin
from tests.conftest import python_path

ROOT = Path(__file__).parents[3]
RECIPE = """\
qrecipe = 1
name = "bard"
source = "lib:bard-3m-qat-q4_0"

[[rules]]
match = "blk.0.**"
type = "int8"
[[rules]]
match = "blk.1.ffn_*"
type = "int4(group=32)"
[[rules]]
match = "**"
type = "keep"

[[targets]]
backend = "toy"
output = "bard-toy/"
shard_size = "2MB"
"""


def install(patch):
    """Let the plug-in manager of this process find it."""
    entry = SimpleNamespace(name="toy", value="toy", dist=None, load=ToyPlugin)
    patch.setattr(manager, "entry_points", lambda group: (entry,))


def installed(folder):
    """Return an environment in which it is installed, by files in `folder`."""
    info = folder / "plugin_toy-1.2.dist-info"
    info.mkdir(parents=True)
    (folder / "plugin_toy.py").write_text("from tests.backends.folder.toy import ToyPlugin\nmain = ToyPlugin()\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-toy\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[qrecipe]\nmain = plugin_toy:main\n")
    return os.environ | {"PYTHONPATH": python_path(folder, ROOT)}
