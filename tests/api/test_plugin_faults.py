"""A plug-in that raises anywhere ends in words that name it: no traceback, and nothing half-written."""

import subprocess
import sys
from pathlib import Path

import pytest

import qrecipe
from qrecipe.errors import PluginError
from tests.conftest import python_path, write_model

PLUGIN = """
from dataclasses import dataclass
from qrecipe import hookimpl
from qrecipe.backends.gguf.backend import GgufBackend
from qrecipe.codecs.builtin import FORMATS
from qrecipe.executors.inline import InlineExecutor
from qrecipe.types.format import Fitted

WHERE = {where!r}

def fail(here):
    if here == WHERE:
        raise RuntimeError(f"no licence for {{here}}")

@dataclass(frozen=True, slots=True)
class Work:
    work: object
    def __call__(self):
        fail("task")
        return self.work()

@dataclass(frozen=True, slots=True)
class Faulty(GgufBackend):
    name: str = "faulty"

    def refuses(self, inventory, target):
        fail("refuses")
        return GgufBackend.refuses(self, inventory, target)
    def stores(self, use, tensor, target, inventory):
        fail("stores")
        return GgufBackend.stores(self, use, tensor, target, inventory)
    def check(self, inventory, decisions, target):
        fail("check")
        return None if WHERE == "nonsense" else GgufBackend.check(self, inventory, decisions, target)
    def layout(self, inventory, decisions, target, provenance):
        fail("layout")
        return GgufBackend.layout(self, inventory, decisions, target, provenance)
    def tasks(self, job, limits):
        from dataclasses import replace
        fail("tasks")
        return [replace(task, work=Work(task.work)) for task in GgufBackend.tasks(self, job, limits)]
    def finish(self, job, results):
        fail("finish")
        GgufBackend.finish(self, job, results)
    def read_lock(self, checkpoint):
        fail("read_lock")
    def artifact(self, checkpoint):
        fail("artifact")

@dataclass(frozen=True, slots=True)
class Nervous:
    name: str = "nervous"
    arguments: tuple = ()
    importance: str = "never"
    def refuses(self, use):
        fail("fit.refuses")
    def encode(self, use, rows, importance):
        fail("fit")
        return Fitted(use.format.encode(rows, (), None))

@dataclass(frozen=True, slots=True)
class Remote(InlineExecutor):
    name: str = "remote"
    def run(self, tasks, limits, on_event):
        fail("executor")
        InlineExecutor.run(self, tasks, limits, on_event)

@hookimpl
def qrecipe_backends():
    return [Faulty()]
@hookimpl
def qrecipe_fits():
    return [Nervous()]
@hookimpl
def qrecipe_executors():
    return [Remote()]
"""
RECIPE = """qrecipe = 1
name = "mix"
source = "tiny.gguf"
rules = [{{ match = "**", type = "Q8_0(fit=nervous) | F16" }}]
targets = [{{ backend = "{backend}", output = "out.gguf" }}]
"""
WHO = {"fit": "fit 'nervous'", "fit.refuses": "fit 'nervous'", "executor": "executor 'remote'", "task": "plug-in"}


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    """Return what installs a plug-in that fails somewhere, beside a model and a recipe in the working folder."""
    site, work = tmp_path / "site", tmp_path / "work"
    (site / "plugin_faulty-1.2.dist-info").mkdir(parents=True)
    work.mkdir()
    info = site / "plugin_faulty-1.2.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-faulty\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[qrecipe]\nmain = plugin_faulty\n")
    monkeypatch.syspath_prepend(site)
    monkeypatch.chdir(work)
    write_model(work / "tiny.gguf")

    def installed(where, backend="faulty"):
        (site / "plugin_faulty.py").write_text(PLUGIN.format(where=where))
        (work / "mix.toml").write_text(RECIPE.format(backend=backend))
        monkeypatch.delitem(sys.modules, "plugin_faulty", raising=False)
        return "mix.toml"

    return installed


def said(who, doing, where):
    return (
        f"error: {who} failed {doing}: RuntimeError: no licence for {where}\n"
        "why: a plug-in says what it cannot do; this is a fault in it\n"
        "fix: update or uninstall plugin-faulty, or report it to its author"
    )


@pytest.mark.parametrize("where", ["refuses", "stores", "check", "layout", "fit.refuses"])
def test_a_plug_in_that_raises_while_a_target_is_planned(faulty, where):
    recipe = faulty(where)
    doing = "while target 'faulty' was " + ("laid out" if where in ("check", "layout") else "planned")
    with pytest.raises(qrecipe.PlanError) as caught:
        qrecipe.plan(recipe)
    who = WHO.get(where, "backend 'faulty'") + " of plug-in 'plugin-faulty 1.2'"
    assert str(caught.value).replace("  --> mix.toml\n", "") == said(who, doing, where)


@pytest.mark.parametrize("where", ["tasks", "finish", "fit", "executor", "task"])
def test_a_plug_in_that_raises_while_a_target_is_built(faulty, where):
    recipe = faulty(where)
    with pytest.raises(PluginError) as caught:
        qrecipe.build(recipe, executor="remote" if where == "executor" else "threads")
    who = "plug-in 'plugin-faulty 1.2'"
    if where != "task":
        who = f"{WHO.get(where, chr(98) + 'ackend ' + repr('faulty'))} of {who}"
    assert str(caught.value) == said(who, "while target 'faulty' was built", where)
    assert sorted(path.name for path in Path().iterdir()) == ["mix.toml", "tiny.gguf"]


def test_a_fit_in_a_built_in_backend_is_blamed_and_not_the_backend(faulty):
    recipe = faulty("fit", backend="gguf")
    with pytest.raises(PluginError) as caught:
        qrecipe.build(recipe)
    who = "fit 'nervous' of plug-in 'plugin-faulty 1.2'"
    assert str(caught.value) == said(who, "while target 'gguf' was built", "fit")


@pytest.mark.parametrize("where", ["read_lock", "artifact"])
def test_a_plug_in_that_raises_while_an_artifact_is_read(faulty, where):
    faulty(where)
    with pytest.raises(PluginError) as caught:
        qrecipe.verify("tiny.gguf")
    who = "backend 'faulty' of plug-in 'plugin-faulty 1.2'"
    assert str(caught.value) == said(who, f"on {Path('tiny.gguf').absolute()}", where)


def test_a_plug_in_that_returns_what_it_should_not_is_suspected(faulty):
    recipe = faulty("nonsense")
    with pytest.raises(qrecipe.QrecipeError) as caught:
        qrecipe.build(recipe)
    who = "backend 'faulty' of plug-in 'plugin-faulty 1.2'"
    doing = "while target 'faulty' was laid out"
    assert caught.value.diagnostics[0].what == f"{who} failed {doing}: TypeError: 'NoneType' object is not iterable"


def test_who_listens_may_raise_what_it_likes(faulty):
    recipe = faulty("nowhere")

    def listen(event):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        qrecipe.build(recipe, on_event=listen)


def test_it_works_where_it_does_not_fail(faulty):
    built = qrecipe.build(faulty("nowhere"), executor="remote")
    assert built.complete
    assert Path("out.gguf").is_file()


def test_the_command_line_prints_no_traceback(faulty, tmp_path, monkeypatch):
    recipe = faulty("task")
    monkeypatch.setenv("PYTHONPATH", python_path(tmp_path / "site"))
    run = subprocess.run(
        [sys.executable, "-m", "qrecipe", "build", recipe], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert run.stderr.endswith(said("plug-in 'plugin-faulty 1.2'", "while target 'faulty' was built", "task") + "\n")
