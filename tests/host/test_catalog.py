"""The host: built-ins come through the same hooks as third parties; a broken plug-in is named and the rest works."""

from importlib.metadata import version

import pluggy
import pytest

from qrecipe.hooks import API_VERSION, hookimpl
from qrecipe.host.catalog import make_catalog

hookimpl_of_others = pluggy.HookimplMarker("qrecipe")

LACKING = "options, profiles, refuses, stores, stored_as, keep, check, layout, tasks, finish, read_lock, artifact"


class Named:
    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, tasks, limits, on_event):
        raise NotImplementedError


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


class Exits:
    @hookimpl
    def qrecipe_executors(self):
        raise SystemExit(3)


def test_a_plug_in_that_ends_the_program_is_one_that_does_not_work():
    found = catalog(Exits(), Good())
    (problem,) = found.problems
    assert problem.what == "plug-in 'Exits' does not work: its hook qrecipe_executors raised SystemExit: 3"
    assert "cluster" in found.executors


@pytest.mark.parametrize(
    ("version_", "fix"),
    [(API_VERSION + 1, "update qrecipe, or install an older Good"), (API_VERSION - 1, "update Good")],
    ids=["newer", "older"],
)
def test_a_plug_in_for_another_version_of_the_interface_is_left_out(version_, fix, monkeypatch):
    monkeypatch.setattr(Good, "qrecipe_api", version_, raising=False)
    found = catalog(Good(), AlsoWorks())
    (problem,) = found.problems
    assert str(problem) == (
        f"warning: plug-in 'Good' is left out: it is written for version {version_} of the plug-in interface\n"
        f"why: qrecipe {version('qrecipe')} has version {API_VERSION}, in which hooks and protocols may differ\n"
        f"fix: {fix}"
    )
    assert problem.code == "plugin-api"
    assert "cluster" not in found.executors
    assert "grid" in found.executors


@pytest.mark.parametrize("wrong", ["1", 1.0, True, None])
def test_a_version_of_the_interface_is_a_whole_number(wrong, monkeypatch):
    monkeypatch.setattr(Good, "qrecipe_api", wrong, raising=False)
    (problem,) = catalog(Good()).problems
    assert problem.what == f"plug-in 'Good' does not work: its qrecipe_api is {wrong!r}, which is no whole number"


def test_a_plug_in_for_this_version_of_the_interface_works(monkeypatch):
    monkeypatch.setattr(Good, "qrecipe_api", API_VERSION, raising=False)
    found = catalog(Good())
    assert found.problems == ()
    assert "cluster" in found.executors


class AlsoWorks:
    @hookimpl
    def qrecipe_executors(self):
        return [Named("grid")]


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
        "class Ours:\n    name = 'ours'\n    def run(self, tasks, limits, on_event): pass\n",
        "bad": "import a_module_that_is_not_there\n",
        "quits": "raise SystemExit(3)\n",
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
    (quits,) = [problem for problem in found.problems if "plugin-quits" in problem.what]
    assert quits.what == "plug-in 'plugin-quits 1.2' does not work: loading plugin_quits raised SystemExit: 3"


class Half:
    name = "half"


class Nameless:
    name = 5


def layer(n: int) -> bool:
    return n > 0


def untyped(n):
    return n


def offering(kind, *items):
    plugin = type("Offers", (), {f"qrecipe_{kind}": hookimpl(lambda self: items)})
    return plugin()


@pytest.mark.parametrize(
    ("kind", "item", "cause"),
    [
        ("executors", Half(), "its executor 'half' lacks run"),
        ("sources", Half(), "its source 'half' lacks example, claims, open"),
        (
            "backends",
            Half(),
            f"its backend 'half' lacks {LACKING}",
        ),
        ("formats", "NF4", "it offers among formats 'NF4', which has no name"),
        ("formats", None, "it offers among formats None, which has no name"),
        ("functions", layer, "function 'layer' has a fact's name (a name means one thing in a condition)"),
        (
            "functions",
            untyped,
            "parameter 'n' of function 'untyped' is not typed int, str or bool (conditions know these three kinds)",
        ),
        ("functions", 7, "it offers among functions 7, which is none"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_told(kind, item, cause):
    found = catalog(offering(kind, item), Good())
    (problem,) = found.problems
    assert problem.what == f"plug-in 'Offers' does not work: {cause}"
    assert dict(getattr(found, kind)).keys() == getattr(catalog(Good()), kind).keys()


def test_a_nameless_item_takes_no_other_with_it():
    found = catalog(offering("executors", Nameless(), Named("cluster")))
    assert "cluster" in found.executors
    assert len(found.problems) == 1


def test_every_plug_in_is_listed_with_what_it_offers_and_what_is_wrong_with_it():
    found = catalog(Good(), Raises(), Misspelt(), ClaimsThreads())
    listed = {provider.key: (provider.version, provider.origin) for provider in found.providers}
    assert listed["qrecipe:local"] == (version("qrecipe"), "built in")
    assert listed["Raises"] == ("", "handed in")
    assert found.offered_by("Good") == {"executors": ("cluster",)}
    assert found.offered_by("qrecipe:local")["executors"] == ("dry-run", "inline", "threads")
    assert found.offered_by("ClaimsThreads") == found.offered_by("Raises") == {}
    assert [(trouble.keys, trouble.finding.code) for trouble in found.troubles] == [
        (("Misspelt",), "plugin-broken"),
        (("Raises",), "plugin-broken"),
        (("qrecipe:local", "ClaimsThreads"), "plugin-clash"),
    ]


def test_two_entry_points_of_a_distribution_are_two_plug_ins(tmp_path, monkeypatch):
    (tmp_path / "plugin_two.py").write_text("")
    info = tmp_path / "plugin_two-3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-two\nVersion: 3\n")
    (info / "entry_points.txt").write_text("[qrecipe]\na = nothing_here\nb = plugin_two\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = make_catalog()
    ours = [provider for provider in found.providers if provider.name == "plugin-two"]
    assert [(each.key, each.version, each.origin) for each in ours] == [
        ("plugin-two 3", "3", "a = nothing_here"),
        ("plugin-two 3:b", "3", "b = plugin_two"),
    ]
    assert [trouble.keys for trouble in found.troubles] == [("plugin-two 3",)]
