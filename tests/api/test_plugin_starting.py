"""`qrecipe new --plugin`: a project that installs and passes the contract suites as it stands; names that are none."""

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import qrecipe
from tests.cli.running import qrecipe as run

FILES = [
    "README.md",
    "pyproject.toml",
    "src/qrecipe_mine/__init__.py",
    "src/qrecipe_mine/fits.py",
    "src/qrecipe_mine/formats.py",
    "src/qrecipe_mine/py.typed",
    "tests/test_contract.py",
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def test_a_project_is_written_into_a_folder_of_its_name(folder):
    assert qrecipe.new_plugin("qrecipe-mine") == Path("qrecipe-mine")
    assert written("qrecipe-mine") == FILES
    texts = "".join(Path("qrecipe-mine", path).read_text() for path in FILES)
    assert "qrecipe_mine.fits" in texts
    assert "@" not in texts.replace("@hookimpl", "").replace("@dataclass", "")


def test_the_command_prints_the_folder(folder):
    Path("empty").mkdir()
    assert run("new", "--plugin", "qrecipe-mine", "--output", "empty").stdout == "empty\n"
    assert written("empty") == FILES


def said(name, **more):
    with pytest.raises(qrecipe.QrecipeError) as caught:
        qrecipe.new_plugin(name, **more)
    return str(caught.value)


LETTERS = "it has ASCII letters, digits and single hyphens, and begins with a letter"


@pytest.mark.parametrize(
    ("name", "why", "proposed"),
    [
        ("", LETTERS, "qrecipe-mine"),
        ("4bit", LETTERS, "qrecipe-4bit"),
        ("my plugin", LETTERS, "qrecipe-my-plugin"),
        ("../up", LETTERS, "qrecipe-up"),
        ("a--b", LETTERS, "qrecipe-a-b"),
        ("müsli", LETTERS, "qrecipe-m-sli"),
        ("x" * 81, LETTERS, f"qrecipe-{'x' * 40}"),
        ("class", "'class' is a word of Python's own, so the package could not be imported", "qrecipe-class"),
        ("Match", "'match' is a word of Python's own, so the package could not be imported", "qrecipe-match"),
    ],
)
def test_names_that_are_none(folder, name, why, proposed):
    assert said(name) == (f"error: {name!r} is no name for a plug-in\nwhy: {why}\nfix: choose another, {proposed} say")
    assert list(folder.iterdir()) == []


def test_names_that_are_taken(folder, monkeypatch):
    (folder / "a_module_of_mine.py").write_text("")
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    taken = {
        "json": ("'json' is a module of Python's own", "qrecipe-json"),
        "qrecipe": (f"the distribution qrecipe {qrecipe.__version__} is installed", "qrecipe-plugin"),
        "a-module-of-mine": ("a module 'a_module_of_mine' is installed", "qrecipe-a-module-of-mine"),
    }
    for name, (why, proposed) in taken.items():
        assert said(name) == (f"error: the name {name!r} is taken\nwhy: {why}\nfix: choose another, {proposed} say")


def test_a_folder_that_is_not_empty(folder):
    Path("full").mkdir()
    Path("full", "mine.txt").write_text("mine")
    Path("file").write_text("mine")
    why = "why: a new project takes no file's place\nfix: choose another folder with --output"
    assert said("qrecipe-mine", output="full") == f"error: full is not empty\n{why}"
    assert said("qrecipe-mine", output="file") == f"error: file exists and is a file\n{why}"
    assert written("full") == ["mine.txt"]


@pytest.mark.slow
def test_the_project_installs_and_passes_its_tests(tmp_path, monkeypatch):
    """In an environment of its own that sees this one's packages."""
    project, home = tmp_path / "project", tmp_path / "venv"
    qrecipe.new_plugin("qrecipe-mine", output=project)
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    purelib = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    parent = sysconfig.get_path("purelib")
    Path(purelib, "parent.pth").write_text(f"import site; site.addsitedir({parent!r})\n")
    pip = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-e", project]
    monkeypatch.delenv("PYTHONPATH", raising=False)
    subprocess.run(pip, check=True, capture_output=True)
    listed = subprocess.run([python, "-m", "qrecipe", "plugins"], capture_output=True, text=True, check=True).stdout
    rows = [" ".join(line.split()) for line in listed.splitlines()]
    assert "qrecipe-mine 0.1.0 qrecipe-mine = qrecipe_mine formats mine_int8" in rows
    tests = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", project]
    tried = subprocess.run(tests, capture_output=True, text=True, cwd=project)
    assert tried.returncode == 0, tried.stdout
    assert "failed" not in tried.stdout
