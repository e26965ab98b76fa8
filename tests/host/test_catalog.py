"""The host: built-ins come through the same hooks as third parties; a broken plug-in is named and the rest works."""

import pluggy
import pytest

from qrecipe.hooks import hookimpl
from qrecipe.host.catalog import make_catalog

hookimpl_of_others = pluggy.HookimplMarker("qrecipe")


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


class Good:
    @hookimpl
    def qrecipe_executors(self):
        return [Named("cluster")]


class Raises:
    @hookimpl
    def qrecipe_executors(self):
        raise RuntimeError("no licence")


class RaisesLate:
    @hookimpl
    def qrecipe_executors(self):
        yield Named("half")
        raise RuntimeError("too late")


class Misspelt:
    @hookimpl_of_others
    def qrecipe_executers(self):
        return []


class WrongArguments:
    @hookimpl_of_others
    def qrecipe_executors(self, colour):
        return []


class ClaimsThreads:
    @hookimpl
    def qrecipe_executors(self):
        return [Named("threads")]


class AlsoCluster(Good):
    pass


def catalog(*plugins):
    return make_catalog(*plugins, discover=False)


def test_built_ins_are_listed_with_their_origin():
    found = catalog()
    assert found.problems == ()
    assert set(found.backends) == {"gguf"}
    assert found.origins["backends", "gguf"] == "qrecipe:gguf"
    assert {"threads", "inline"} <= set(found.executors)
    assert {"Q4_K", "BF16", "int4", "fp8"} <= set(found.formats)
    assert {"more_bits", "min", "max"} <= set(found.functions)


def test_a_plug_in_adds_to_the_catalog():
    found = catalog(Good())
    assert found.executors["cluster"].name == "cluster"
    assert found.origins["executors", "cluster"] == "Good"


@pytest.mark.parametrize(
    ("plugin", "cause"),
    [
        (Raises(), "its hook qrecipe_executors raised RuntimeError: no licence"),
        (RaisesLate(), "its hook qrecipe_executors raised RuntimeError: too late"),
        (Misspelt(), "unknown hook 'qrecipe_executers'"),
        (WrongArguments(), "colour"),
    ],
    ids=["raises", "raises late", "misspelt hook", "wrong arguments"],
)
def test_a_broken_plug_in_is_reported_by_name_and_the_rest_works(plugin, cause):
    found = catalog(plugin, Good())
    (problem,) = found.problems
    assert problem.code == "plugin-broken"
    assert problem.severity == "warning"
    assert repr(type(plugin).__name__) in problem.what
    assert cause in problem.what
    assert "cluster" in found.executors
    assert "half" not in found.executors


def test_a_built_in_keeps_its_name():
    found = catalog(ClaimsThreads())
    (problem,) = found.problems
    assert str(problem) == (
        "warning: plug-ins 'qrecipe:local' and 'ClaimsThreads' both offer executor 'threads'\n"
        "why: a name means one thing; the built-in 'threads' stays\n"
        "fix: uninstall one of them, or ask its author for another name"
    )
    assert found.origins["executors", "threads"] == "qrecipe:local"


def test_two_plug_ins_of_one_name_both_lose_it():
    found = catalog(Good(), AlsoCluster())
    (problem,) = found.problems
    assert "'AlsoCluster' and 'Good'" in problem.what
    assert "cluster" not in found.executors


def test_installed_plug_ins_are_found_and_a_failing_import_is_reported(tmp_path, monkeypatch):
    for name, body in {
        "good": "import pluggy\n@pluggy.HookimplMarker('qrecipe')\ndef qrecipe_executors():\n    return [Ours()]\n"
        "class Ours:\n    name = 'ours'\n",
        "bad": "import a_module_that_is_not_there\n",
    }.items():
        (tmp_path / f"plugin_{name}.py").write_text(body)
        info = tmp_path / f"plugin_{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugin-{name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[qrecipe]\nmain = plugin_{name}\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = make_catalog()
    (problem,) = [problem for problem in found.problems if "plugin-bad" in problem.what]
    cause = "loading plugin_bad raised ModuleNotFoundError: No module named 'a_module_that_is_not_there'"
    assert problem.what == f"plug-in 'plugin-bad 1.2' does not work: {cause}"
    assert found.origins["executors", "ours"] == "plugin-good 1.2"
