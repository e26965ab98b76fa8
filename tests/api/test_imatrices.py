"""Imatrix files inspected, merged, converted; digests are of what llama-imatrix (build 11434) writes of the same."""

import hashlib
from pathlib import Path

import gguf
import pytest

import qrecipe
from qrecipe.errors import QrecipeError
from qrecipe.sources.imatrix import read_imatrix
from tests.dialects.importing import model
from tests.oracle.synthetic_imatrix import write_both
from tests.sources.hostile_imatrix import HOSTILE
from tests.sources.imatrix_bytes import imatrix, legacy, legacy_entry

SHAPES = {
    "blk.0.ffn_up_exps.weight": (4, 8, 256),
    "blk.1.ffn_up_exps.weight": (4, 8, 256),
    "blk.0.attn_q.weight": (8, 256),
    "blk.1.attn_q.weight": (8, 256),
    "output.weight": (8, 256),
}
THEIRS = {  # inputs → digest; of a GGUF, of its tensors but the statistics, which nothing reads
    ("imatrix.gguf",): "fb027d02975c11b037801f77616b6a31ecc2820268f031b4cf8702a50f0d5507",
    ("imatrix.gguf", "imatrix.dat"): "49ce75ac51f6adea648410133a00b688e032ab417137aaa9bbf993aee3b46b42",
    ("imatrix.dat",): "51259fb1e32f70107c0d46ef9db6f5cc976831c27f426ebc35676a2fd8b90389",
}


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_both(tmp_path, SHAPES)


def tensors(path):
    digest = hashlib.sha256()
    for each in gguf.GGUFReader(path).tensors:
        digest.update(each.name.encode() + repr(tuple(int(n) for n in each.shape)).encode() + each.data.tobytes())
    return digest.hexdigest()


def test_a_converted_file_is_llama_imatrixs():
    made = qrecipe.combine_imatrices(["imatrix.gguf"], output="made.dat", form="dat")
    assert hashlib.sha256(made.read_bytes()).hexdigest() == THEIRS["imatrix.gguf",]


@pytest.mark.parametrize("given", [("imatrix.gguf", "imatrix.dat"), ("imatrix.dat",)])
def test_merged_sums_are_llama_imatrixs(given):
    assert tensors(qrecipe.combine_imatrices(given, output="made.gguf")) == THEIRS[given]


def test_what_is_written_reads_back():
    qrecipe.combine_imatrices(["imatrix.gguf", "imatrix.gguf"], output="twice.gguf")
    once, twice = read_imatrix(Path("imatrix.gguf")), read_imatrix(Path("twice.gguf"))
    assert {name: values.tolist() for name, values in once.entries.items()} == {
        name: values.tolist() for name, values in twice.entries.items()
    }
    assert once.uncounted == twice.uncounted
    assert twice.datasets == ("synthetic.txt", "synthetic.txt")


def test_inspect_tells_coverage():
    found = qrecipe.inspect_imatrix("imatrix.gguf")
    assert (found.form, found.chunk_count, found.chunk_size, found.datasets) == ("gguf", 13, 512, ("synthetic.txt",))
    experts = found.entries[0]
    assert (experts.name, experts.matrices, experts.columns) == ("blk.0.ffn_up_exps.weight", 4, 256)
    assert (experts.least, experts.most, experts.uncounted, experts.scarce) == (0, 57, (1,), ())
    assert [finding.code for finding in found.findings] == ["imatrix-uncounted"]


def test_the_older_form_has_calls_and_no_experts():
    found = qrecipe.inspect_imatrix("imatrix.dat")
    assert (found.form, found.entries[0].matrices, found.entries[0].columns) == ("dat", 1, 1024)
    assert (found.entries[0].least, found.findings) == (57, ())


def test_an_expert_that_was_hardly_reached_is_scarce():
    counts = (100, 3, 0, 100)
    data = imatrix({"w.weight.in_sum2": ((4, 2), (1.0,) * 8), "w.weight.counts": ((4, 1), counts)})
    Path("few.gguf").write_bytes(data)
    assert qrecipe.inspect_imatrix("few.gguf").entries[0].scarce == (1,)


def test_a_model_says_what_is_lacking():
    model(Path("m.gguf"), blocks=2)
    found = qrecipe.inspect_imatrix("imatrix.gguf", source="m.gguf")
    (lacks,) = [finding for finding in found.findings if finding.code == "imatrix-lacks"]
    assert lacks.what.startswith("the imatrix has no data for 11 tensors (token_embd.weight, blk.0.attn_k.weight")


def test_an_imatrix_of_another_model_is_refused():
    model(Path("m.gguf"), blocks=2)
    Path("other.dat").write_bytes(legacy(legacy_entry(b"blk.0.attn_q.weight", 2, (1, 2))))
    with pytest.raises(QrecipeError) as caught:
        qrecipe.inspect_imatrix("other.dat", source="m.gguf")
    assert [each.code for each in caught.value.diagnostics] == ["imatrix-misfit"]


@pytest.mark.parametrize("name", [name for name in HOSTILE if "overflows" not in name])
def test_a_broken_file_is_refused_and_nothing_is_written(name):
    Path("broken").write_bytes(HOSTILE[name])
    for use in (
        lambda: qrecipe.inspect_imatrix("broken"),
        lambda: qrecipe.combine_imatrices(["imatrix.gguf", "broken"], output="made.gguf"),
    ):
        with pytest.raises(QrecipeError):
            use()
    assert not Path("made.gguf").exists()
