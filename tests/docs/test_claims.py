"""Numbers and lines that explanations give, counted or printed again."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.lattice import GRIDS, Q4_0, TQ2_0, shares
from qrecipe.recipe.functions import BUILTINS
from tests.codecs.qat import blocks, ternary
from tests.docs.markdown import blocks_of
from tests.oracle.convert_hf import goldens
from tests.oracle.convert_hf.families import FAMILIES

ROOT = Path(__file__).parents[2]
EXPLANATION = ROOT / "docs" / "explanation"


def page(name):
    return (EXPLANATION / name).read_text(encoding="utf-8")


def test_one_override_shifts_14_of_27_blocks_in_llama_quantize():
    (more_bits,) = [function for function in BUILTINS if function.__name__ == "more_bits"]
    blocks = 28
    shifted = [i for i in range(1, blocks) if more_bits(i, blocks) != more_bits(i - 1, blocks)]
    text = " ".join(page("how-resolution-works.md").split())
    assert f"{len(shifted)} of the {blocks - 1} other blocks of a {blocks}-layer model change too" in text


def test_the_page_about_byte_identity_has_every_conversion():
    text = page("byte-identity.md")
    for family in FAMILIES:
        made = goldens.read_case(family, family.cases[0].name)
        cases = ", ".join(case.name.replace("-", " → ") for case in family.cases)
        row = f"| {family.name} | `{family.model}` | {cases} | {len(made.tensors)} | {len(made.metadata)} |"
        assert row in text
    assert f"In all {sum(len(family.cases) for family in FAMILIES)} cases" in text


@pytest.mark.slow
def test_the_page_about_lattice_has_the_shares_that_are_found():
    told = re.findall(r"^\| (.+) \| (.+) % \| (.+) % \|$", page("lattice.md"), re.MULTILINE)
    random = np.random.default_rng(2)
    made = [(name, Q4_0, blocks(random, 40_000, between, rounded=rounded)) for name, between, rounded in GRIDS]
    made.append(("TQ2_0(scale=negative), q from -2 to 1", TQ2_0, ternary(random, 4000)))
    made.append(("TQ2_0, q from -1 to 1", TQ2_0, ternary(random, 4000, -1, 1)))
    assert [name for name, *_ in told] == [name for name, *_ in made]
    for (_, *expected), (name, use, rows) in zip(told, made, strict=True):
        found = [float(share.rstrip("%")) for share in shares(use, rows).split()]
        assert found == pytest.approx([float(share) for share in expected], abs=1), name


def test_the_page_about_lattice_has_the_lines_that_build_prints():
    printed = (ROOT / "tests" / "cli" / "test_certified.py").read_text(encoding="utf-8")
    (block,) = blocks_of(EXPLANATION / "lattice.md")
    assert [line for line in block.text.splitlines() if f'"{line}"' not in printed] == []
