"""The runner of llama-perplexity, with a stand-in: what it is called with, what is read, what is told."""

import re
from pathlib import Path

import pytest

from qrecipe.errors import SourceError
from qrecipe.evaluation.perplexity_tool import PerplexityTool, measures_in, tokens_in
from qrecipe.types.evaluation import Estimate, Quantile
from tests.evaluation.fake_tool import SAID, write_tool

MODEL, TEXT = Path("model.gguf"), Path("text.txt")


def run(folder, mode="good", windows=None):
    tool = PerplexityTool(write_tool(folder, mode), 128, windows, 3)
    told = []
    tool.store(MODEL, TEXT, folder / "reference", lambda: told.append("stored"))
    measures = tool.compare(MODEL, folder / "reference", lambda: told.append("compared"))
    return measures, told


def test_what_it_is_called_with(tmp_path):
    run(tmp_path)
    reference = f"--kl-divergence-base {tmp_path / 'reference'}"
    sizes = "-c 128 -b 128 --chunks -1 -t 3"
    assert (tmp_path / "runs.txt").read_text().splitlines() == [
        f"-m model.gguf -f text.txt {reference} {sizes}",
        f"-m model.gguf {reference} --kl-divergence {sizes}",
    ]


def test_what_is_read(tmp_path):
    measures, told = run(tmp_path)
    assert told == ["stored", "stored", "compared", "compared"]
    assert measures.positions == 2 * 63
    assert measures.kld == Estimate(0.02, 0.002)
    assert (measures.kld_median, measures.kld_99, measures.kld_999) == (Quantile(0.015), Quantile(0.7), Quantile(0.8))
    assert measures.kld_max == 0.9
    assert (measures.same_top.value, measures.same_top.error) == pytest.approx((0.91, 0.011))
    assert (measures.perplexity, measures.perplexity_source) == (Estimate(10.2, 1.2), Estimate(10.0, 1.0))
    assert measures.log_ratio == Estimate(0.019803, 0.003)
    assert (measures.rms_change.value, measures.rms_change.error) == pytest.approx((0.02, 0.002))


def test_tokens_of_a_reference(tmp_path):
    run(tmp_path, windows=5)
    assert tokens_in(tmp_path / "reference").tolist()[4][:3] == [512, 513, 514]
    assert tokens_in(tmp_path / "reference").shape == (5, 128)


def test_a_tool_that_ends_before_it_has_printed_all_runs_again(tmp_path):
    measures, told = run(tmp_path, "hasty")
    assert measures.kld.value == 0.02
    assert len((tmp_path / "runs.txt").read_text().splitlines()) == 4
    assert told == ["stored", "stored", "compared", "compared"], "only the first attempt is progress"


def test_a_tool_that_never_prints_its_statistics(tmp_path):
    with pytest.raises(SourceError, match="llama-perplexity gave no result: it did not print kld"):
        run(tmp_path, "mute")
    assert len((tmp_path / "runs.txt").read_text().splitlines()) == 1 + 8


def test_a_text_that_the_tool_finds_too_short(tmp_path):
    with pytest.raises(SourceError, match=re.escape("text.txt is too short: 40 tokens, and 2 windows of 128 need 256")):
        run(tmp_path, "short")


def test_a_reference_that_was_cut_short_is_not_kept(tmp_path):
    with pytest.raises(SourceError, match="reference was not written to its end; the disk may be full"):
        run(tmp_path, "full")


def test_errors_that_rounding_made_no_numbers():
    said = SAID.replace("0.019803 ±   0.003000", "0.000000 ±       -nan").replace(
        "2.000 ± 0.200 %", "0.000 ±   nan %", 3
    )
    measures = measures_in(said, 126)
    assert (measures.log_ratio, measures.rms_change) == (Estimate(0.0, 0.0), Estimate(0.0, 0.0))


def test_a_model_that_predicts_nothing(tmp_path):
    tool = PerplexityTool(write_tool(tmp_path), 128, None, 3)
    tool.store(MODEL, TEXT, tmp_path / "reference", lambda: None)
    program = tool.path.read_text().replace("Mean    KLD:   0.020000", "Mean    KLD:        nan")
    tool.path.write_text(program)
    with pytest.raises(SourceError, match="the model predicts nothing"):
        tool.compare(MODEL, tmp_path / "reference", lambda: None)


def test_every_line_is_needed():
    for line in ("Mean PPL(Q) ", "Mean    KLD", "99.9%   KLD", "Same top p:", "RMS Δp"):
        with pytest.raises(ValueError, match="it did not print"):
            measures_in(SAID.replace(line, "?"), 1)
