"""Numbers that explanations give, counted again."""

from pathlib import Path

from qrecipe.recipe.functions import BUILTINS

EXPLANATION = Path(__file__).parents[2] / "docs" / "explanation"


def test_one_override_shifts_14_of_27_blocks_in_llama_quantize():
    (more_bits,) = [function for function in BUILTINS if function.__name__ == "more_bits"]
    blocks = 28
    shifted = [i for i in range(1, blocks) if more_bits(i, blocks) != more_bits(i - 1, blocks)]
    page = " ".join((EXPLANATION / "how-resolution-works.md").read_text(encoding="utf-8").split())
    assert f"{len(shifted)} of the {blocks - 1} other blocks of a {blocks}-layer model change too" in page
