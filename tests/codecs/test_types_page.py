"""docs/reference/types.md says what the code does: its tables are compared row by row."""

from pathlib import Path

from qrecipe.codecs.builtin import FITS, FORMATS
from qrecipe.codecs.float8.format import FLOAT8_FORMATS
from qrecipe.codecs.ggml.format import GGML_FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "types.md").read_text(encoding="utf-8")


def table(first):
    """Return the rows of the table whose head begins with this column, without the head."""
    lines = PAGE[PAGE.index(f"| {first} |") :].split("\n\n", 1)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_ggml_type_is_in_the_table_as_it_is():
    assert table("type | id") == [
        [f"`{f.name}`", f"{f.gguf_id}", f"{f.block}", f"{f.type.block_bytes}", f"{f.bits:g}", f.imatrix, f.type.meaning]
        for f in GGML_FORMATS
    ]


def test_the_other_families():
    integers = [format_ for format_ in FORMATS if format_.family == "integer"]
    rows = table("type | arguments")
    assert [row[0] for row in rows] == [f"`{integers[0].name}` … `{integers[-1].name}`", f"`{FLOAT8_FORMATS[0].name}`"]
    for row, format_ in zip(rows, (integers[0], FLOAT8_FORMATS[0]), strict=True):
        assert row[1] == ", ".join(f"`{argument.name}`" for argument in format_.arguments)


def test_the_fits():
    rows = table("fit | imatrix data")
    assert [row[:2] for row in rows] == [[f"`{fit.name}`", fit.importance] for fit in FITS]
