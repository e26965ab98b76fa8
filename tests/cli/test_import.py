"""`qrecipe import` and `qrecipe imatrix` as commands: what stands on stdout, what on stderr, exit codes."""

from pathlib import Path

from tests.cli.running import qrecipe
from tests.oracle.synthetic_imatrix import write_both

OVERRIDE = ("--tensor-type", "attn_v=q8_0", "--tensor-type", "nothing=q8_0")
LINE = ("import", "--from", "llama-quantize", "--", "llama-quantize", *OVERRIDE, "tiny.gguf", "q.gguf", "q6_k", "4")


def test_the_recipe_is_on_stdout_and_warnings_are_on_stderr(workplace):
    run = qrecipe(*LINE)
    assert run.stdout.startswith("# llama-quantize --tensor-type attn_v=q8_0 --tensor-type nothing=q8_0 tiny.gguf")
    assert run.stderr.startswith("warning: --tensor-type nothing=q8_0 is left out: it finds no tensor")


def test_the_recipe_can_be_a_file_which_builds(workplace):
    run = qrecipe(*LINE[:3], "-o", "q6.toml", *LINE[3:])
    assert run.stdout == "q6.toml\n"
    assert qrecipe("build", "q6.toml").stdout == "q.gguf\n"
    assert "exists" in qrecipe(*LINE[:3], "-o", "q6.toml", *LINE[3:], code=1).stderr


def test_a_fault_ends_with_one(workplace):
    run = qrecipe("import", "--from", "llama-quantize", "llama-quantize tiny.gguf Q7_K", code=1)
    assert run.stderr.startswith("error: 'Q7_K' is no file type of llama-quantize")
    assert run.stdout == ""


def test_the_table_of_an_imatrix(workplace):
    shapes = {
        f"blk.{block}.{role}.weight": (4, 8, 256) for block in (0, 1) for role in ("ffn_up_exps", "ffn_down_exps")
    }
    write_both(workplace, shapes | {"output.weight": (8, 256)})
    run = qrecipe("imatrix", "imatrix.gguf")
    assert [line.split() for line in run.stdout.splitlines()] == [
        ["gguf:", "5", "entries,", "13", "chunks"],
        ["role", "layers", "tensors", "matrices", "columns", "tokens", "without", "data", "scarce"],
        *(
            [role, str(block), "1", "4", "256", "0-57", "1"]
            for block in (0, 1)
            for role in ("ffn_up_exps", "ffn_down_exps")
        ),
        ["output", "1", "1", "256", "57"],
    ]
    assert run.stderr.startswith("warning: the imatrix has no data for 4 experts")


def test_an_imatrix_is_converted_and_merged(workplace):
    write_both(workplace, {"blk.0.attn_q.weight": (8, 256)})
    assert qrecipe("imatrix", "imatrix.gguf", "imatrix.dat", "-o", "both.dat", "--form", "dat").stdout == "both.dat\n"
    assert Path("both.dat").is_file()
    assert qrecipe("imatrix", "imatrix.gguf", "imatrix.dat", code=2).stdout == ""
    assert qrecipe("imatrix", "imatrix.gguf", "-o", "x.gguf", "--json", code=2).stdout == ""
