"""`qrecipe plugins`: a row for each kind that a plug-in brings, the broken ones with their cause."""

import json
import os

import pytest

from tests.cli.running import qrecipe
from tests.conftest import python_path


@pytest.fixture
def installed(tmp_path):
    """An environment with a plug-in that works and one that does not."""
    bodies = {
        "good": "from qrecipe import hookimpl\n@hookimpl\ndef qrecipe_functions():\n    return [edge]\n"
        "def edge(i: int, n: int) -> bool:\n    return i in (0, n)\n",
        "bad": "import a_module_that_is_not_there\n",
    }
    for name, body in bodies.items():
        (tmp_path / f"plugin_{name}.py").write_text(body)
        info = tmp_path / f"plugin_{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugin-{name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[qrecipe]\nmain = plugin_{name}\n")
    return os.environ | {"PYTHONPATH": python_path(tmp_path)}


CAUSE = "loading plugin_bad raised ModuleNotFoundError: No module named 'a_module_that_is_not_there'"


def test_the_table(installed):
    run = qrecipe("plugins", env=installed)
    rows = [" ".join(line.split()) for line in run.stdout.splitlines()]
    assert rows[0] == "9 plug-ins"
    assert rows[1] == "plug-in version origin kind names"
    assert "qrecipe:gguf 0.1.0 built in backends gguf" in rows
    assert "plugin-good 1.2 main = plugin_good functions edge" in rows
    assert "plugin-bad 1.2 main = plugin_bad -" in rows
    assert run.stderr == (
        f"warning: plug-in 'plugin-bad 1.2' does not work: {CAUSE}\n"
        "why: the other plug-ins and all built-ins are there; what this one offers is not\n"
        "fix: update or uninstall plugin-bad, or report it to its author\n"
    )


def test_json(installed):
    document = json.loads(qrecipe("plugins", "--json", env=installed).stdout)
    plugins = {plugin["name"]: plugin for plugin in document["plugins"]}
    assert document["schema"] == 1
    assert plugins["plugin-good"] == {
        "name": "plugin-good",
        "version": "1.2",
        "origin": "main = plugin_good",
        "offers": {"functions": ["edge"]},
        "problems": [],
    }
    offers = plugins["qrecipe:checkpoints"]["offers"]
    assert offers == {"sources": ["fsspec", "hub", "local", "package", "shipped", "web"]}
    (problem,) = plugins["plugin-bad"]["problems"]
    assert (problem["code"], problem["severity"]) == ("plugin-broken", "warning")
    assert CAUSE in problem["what"]
