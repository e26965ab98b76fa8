"""House habits that a machine can hold and the linters do not."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = [*ROOT.glob("qrecipe/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py")]


def test_no_file_is_longer_than_400_lines():
    assert {str(path.relative_to(ROOT)): n for path in SOURCES if (n := path.read_text().count("\n")) > 400} == {}


def test_no_file_is_called_what_says_nothing():
    assert [path for path in SOURCES if path.stem in {"utils", "util", "helpers", "common", "misc"}] == []
