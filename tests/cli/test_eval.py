"""`qrecipe eval` as a user starts it, with a stand-in for llama-perplexity: tables, Markdown, JSON, files, usage."""

import json

import pytest

from tests.cli.running import qrecipe
from tests.cli.test_json import documented, fields
from tests.evaluation.fake_tool import write_tool

PLACE = "tiny.gguf on text.txt: 2 windows of 128 tokens"
COLUMNS = ("artifact", "size", "mean KLD", "median", "99 %", "99.9 %", "same top", "perplexity", "source's")
MEASURES = (
    "0.020000 ± 0.002000",
    "0.015000",
    "0.700000",
    "0.800000",
    "91.000 ± 1.100 %",
    "10.200 ± 1.200",
    "10.000 ± 1.000",
)
NOTE = "126 predictions; KLD in nats; ± is one standard error"


@pytest.fixture
def place(workplace):
    qrecipe("build", "mix.toml")
    (workplace / "again.gguf").write_bytes((workplace / "mix.gguf").read_bytes())
    (workplace / "text.txt").write_text("Some words. " * 100)
    write_tool(workplace)
    return workplace


def measured(*words, code=0):
    given = ("--source", "tiny.gguf", "--text", "text.txt", "--window", 128, "--cache", "kept")
    return qrecipe(
        "eval", *given, "--engine", "llama.cpp", "--llama-perplexity", "./llama-perplexity", *words, code=code
    )


def size(place):
    return f"{(place / 'mix.gguf').stat().st_size / 1000:.1f}"


def squeezed(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_table(place):
    run = measured("mix.gguf", "again.gguf")
    rows = [" ".join((name, f"{size(place)} kB", *MEASURES)) for name in ("mix.gguf", "again.gguf")]
    assert squeezed(run.stdout) == [PLACE, " ".join(COLUMNS), *rows, NOTE]
    assert "mix.gguf, llama.cpp, window 2 of 2" in run.stderr


def test_the_reference_is_computed_once(place):
    measured("mix.gguf")
    measured("again.gguf")
    runs = (place / "runs.txt").read_text().splitlines()
    assert ["-f" in run for run in runs] == [True, False, False]


def test_markdown(place):
    row = ("mix.gguf", f"{size(place)} kB", *MEASURES)
    head = f"| {' | '.join(COLUMNS)} |\n|---{'|---:' * 8}|"
    expected = f"{PLACE}:\n\n{head}\n| {' | '.join(row)} |\n\n- {NOTE}\n"
    assert measured("mix.gguf", "--markdown").stdout == expected


def test_json(place):
    found = json.loads(measured("mix.gguf", "--json").stdout)
    assert found["schema"] == 1
    shown = {path.replace("[]", "") for path in fields(found, open_below=("results[].measures",))}
    assert shown - {"schema"} == {path.replace("[]", "") for path in documented("eval")}
    assert (found["source"], found["text"], found["window"], found["windows"]) == ("tiny.gguf", "text.txt", 128, 2)
    assert (found["bos"], len(found["text_digest"]), found["findings"]) == (False, 64, [])
    (result,) = found["results"]
    assert (result["artifact"], result["way"], result["control"]) == ("mix.gguf", "llama.cpp", False)
    assert result["bytes"] == (place / "mix.gguf").stat().st_size
    assert result["measures"]["kld"] == {"value": 0.02, "error": 0.002}
    assert result["measures"]["kld_999"] == {"value": 0.8, "low": None, "high": None}


def test_a_warning_does_not_change_the_exit_code(place):
    tony = (place / "tiny.gguf").read_bytes().replace(b"tiny", b"tony")
    (place / "tiny.gguf").write_bytes(tony)
    run = measured("mix.gguf")
    assert "warning: the artifact was built from tiny.gguf, and is measured against tiny.gguf" in run.stderr


def test_a_plot_is_written_and_never_over_a_file(place):
    pytest.importorskip("matplotlib", reason="pip install -e '.[eval]'")
    measured("mix.gguf", "again.gguf", "--plot", "plot.svg")
    assert "again" in (place / "plot.svg").read_text()
    assert "error: plot.svg exists" in measured("mix.gguf", "--plot", "plot.svg", code=1).stderr
    measured("mix.gguf", "--plot", "plot.svg", "--force")
    assert "again" not in (place / "plot.svg").read_text()
    assert [path.name for path in place.iterdir() if "plot" in path.name] == ["plot.svg"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("mix.gguf", "--per-tensor", "costs.json"), "it takes one artifact, and engine transformers"),
        (("mix.gguf", "--no-cache"), "it keeps something, --no-cache nothing"),
        (("mix.gguf", "--window", 8), "Input should be greater than or equal to 16"),
    ],
)
def test_usage(place, words, said):
    assert said in " ".join(measured(*words, code=2).stderr.replace("│", " ").split())


def test_a_source_in_pieces_is_put_together_for_the_tool(place):
    data = (place / "tiny.gguf").read_bytes()
    for number, part in enumerate((data[:200000], data[200000:]), 1):
        (place / f"whole.gguf.part{number}").write_bytes(part)
    given = ("--text", "text.txt", "--window", 128, "--cache", "kept", "--engine", "llama.cpp")
    qrecipe("eval", "mix.gguf", "--source", "whole.gguf.part1", *given, "--llama-perplexity", "./llama-perplexity")
    stored, compared = (line.split()[1] for line in (place / "runs.txt").read_text().splitlines())
    assert stored.startswith("kept/unfinished-")
    assert stored.endswith("/wide.gguf")
    assert compared == str(place / "mix.gguf")
    assert [path.suffix for path in (place / "kept").iterdir()] == [".kld"]
