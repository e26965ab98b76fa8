"""The page's table of QAT models is what the script makes: bytes and shares, and of two rows the predictions too."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import qat_table as table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "qat-table.md").read_text(encoding="utf-8")
pytestmark = [pytest.mark.oracle, pytest.mark.slow]
TORCH = all(find_spec(name) for name in ("torch", "transformers"))


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    return table.built(tmp_path_factory.mktemp("table"))


def cells(artifact):
    """Return what the first table has for a row."""
    (line,) = [
        line for line in PAGE.splitlines() if line.startswith(f"| {artifact.row.title} | {artifact.facts.nbytes:,} |")
    ]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_bytes_and_shares_are_those_on_the_page(artifacts):
    for artifact in artifacts:
        assert " | ".join(cells(artifact)[1:4]) == artifact.facts.cells()


def test_mixes_on_their_grid_are_exact_to_the_byte_and_the_weight(artifacts):
    whole = [each.row.title for each in artifacts if each.facts.weights_exact == 1]
    assert whole == ["UD mix", "mobile mix"]
    assert all(each.facts.bytes_exact == 1 for each in artifacts if each.row.title in whole)


@pytest.mark.skipif(not TORCH, reason="pip install -e '.[eval]'")
def test_predictions_are_those_on_the_page(artifacts):
    chosen = [each for each in artifacts if each.row.title in ("naive Q4_0", "UD mix")]
    settings = table.qrecipe.EvalSettings(keep=False)
    for artifact, found in zip(chosen, table.measured(table.FOUR_BITS, chosen, settings), strict=True):
        kld, kld_999, top, perplexity = cells(artifact)[4:]
        assert found.kld.value == pytest.approx(float(kld.split()[0]), rel=0.05)  # another machine sums otherwise
        assert found.kld_999.value == pytest.approx(float(kld_999), rel=0.05)
        assert found.same_top.value * 100 == pytest.approx(float(top.split()[0]), abs=0.05)
        assert found.perplexity.value == pytest.approx(float(perplexity), rel=1e-3)
