"""A few thousand broken files on every run, and all that were ever found; `fuzz.py` tries as many as one likes."""

import pytest

from tests.fuzz.corpus import ENDLESS, FOUND, Case
from tests.fuzz.fuzz import main, run
from tests.fuzz.openers import OPENERS, REAL, one_catalog, open_as
from tests.fuzz.seeds import FORMATS, of_format
from tests.fuzz.trial import Trial, put, watched

INPUTS = 300  # of each format
SLOW = {"model": 100, "hub": 100}  # built, and asked for over HTTP


@pytest.fixture(autouse=True)
def _one_catalog():
    with one_catalog():
        yield


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_broken_was_whole(kind, tmp_path):
    whole = [seed for seed in of_format(kind) if seed.opened != REAL]  # the rest goes with other models
    for number, seed in enumerate(whole):
        folder = tmp_path / str(number)
        folder.mkdir()
        put(folder, seed.files)
        open_as(kind, folder / seed.opened)


@pytest.mark.parametrize("kind", FORMATS)
def test_broken_files_are_read_or_refused_in_words(kind):
    inputs = SLOW.get(kind, INPUTS)
    tally = run(kind, seed=7, first=0, stop=inputs)
    assert tally.findings == []
    assert 0 < tally.accepted < tally.inputs == inputs


def tried(case: Case, folder) -> Trial:
    put(folder, case.files)
    return watched(case.kind, folder / case.opened, sum(map(len, case.files.values())))


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_mended(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tried(FOUND[name], tmp_path).finding == ""


@pytest.mark.parametrize("name", ENDLESS)
def test_what_does_not_end_is_soon_refused(name, tmp_path, monkeypatch):
    monkeypatch.setattr("tests.fuzz.trial.SECONDS", 30)  # a second each, three under the eyes of tracemalloc
    monkeypatch.chdir(tmp_path)
    assert tried(ENDLESS[name], tmp_path).finding == ""


def test_the_script_prints_a_table_and_says_by_its_status_that_nothing_was_found(capsys):
    assert main(["--inputs", "2", "--format", "gguf", "imatrix-legacy", "--processes", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines[:5]] == ["| format", "|---|---:|---:|---:|---:|---:|---:|---:|",
                                                           "| gguf", "| imatrix-legacy", "| all"]  # fmt: skip


def test_an_exception_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setitem(OPENERS, "gguf", lambda _: 1 // 0)
    (tmp_path / "x").write_bytes(b"")
    assert watched("gguf", tmp_path / "x", 0).finding.endswith(
        "ZeroDivisionError: integer division or modulo by zero\n"
    )


def test_memory_that_a_file_does_not_justify_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setitem(OPENERS, "gguf", lambda _: bytes(3 << 20))
    (tmp_path / "x").write_bytes(b"")
    assert watched("gguf", tmp_path / "x", 100).finding.endswith(" bytes of memory for 100 bytes of input")


def test_what_never_ends_is_a_finding(tmp_path, monkeypatch):
    def forever(_):
        while True:
            pass

    monkeypatch.setattr("tests.fuzz.trial.SECONDS", 0.05)
    monkeypatch.setitem(OPENERS, "gguf", forever)
    (tmp_path / "x").write_bytes(b"")
    assert watched("gguf", tmp_path / "x", 100).finding.startswith("slower than 0.05 s: ")
