"""Tests see no plug-in that happens to be installed here, and those that they install themselves."""

import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import pytest

from qrecipe.host import manager
from tests.no_plugins.sitecustomize import hiding

SAID = "from qrecipe.host.manager import entry_points; print(entry_points.__module__)"


def found_in(*folders):
    return [SimpleNamespace(dist=SimpleNamespace(locate_file=Path(folder).joinpath)) for folder in folders]


def test_what_is_in_this_environment_is_hidden(tmp_path):
    known = found_in(sysconfig.get_path("purelib"), tmp_path, sysconfig.get_path("platlib"))
    assert hiding(lambda group: known)(group="qrecipe") == (known[1],)


def test_here_and_in_other_processes():
    assert manager.entry_points.__module__ == hiding.__module__
    assert asked() == "sitecustomize"


@pytest.mark.usefixtures("installed_plugins")
def test_unless_a_test_asks():
    assert manager.entry_points.__module__ == asked() == "importlib.metadata"


def asked():
    return subprocess.run([sys.executable, "-c", SAID], capture_output=True, text=True, check=True).stdout.strip()
