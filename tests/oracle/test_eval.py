"""`qrecipe eval` on tiny checkpoints: exact against transformers itself, and beside llama-perplexity.

llama-perplexity is taken from the path, or from LLAMA_PERPLEXITY.
"""

import json
import os
import shutil

import numpy as np
import pytest

import qrecipe
from qrecipe.evaluation.kept import logits_in
from tests.oracle.convert_hf import checkpoints
from tests.oracle.convert_hf.families import FAMILIES

pytest.importorskip("torch", reason="pip install -e '.[eval]' (torch, 200 MB)")
pytest.importorskip("transformers", reason="pip install -e '.[eval]'")
pytestmark = [pytest.mark.oracle, pytest.mark.slow]

TOOL = shutil.which(os.environ.get("LLAMA_PERPLEXITY", "llama-perplexity"))
WORDS = "the and of to in that was with his from they have had which one were all she there would their we him been has"
WINDOW = 96
RECIPE = """\
qrecipe = 1
name = "made"
source = '{source}'
[[rules]]
match = "**"
type = "{type} | Q8_0 | F16"
[[targets]]
backend = "gguf"
output = "{type}.gguf"
{pre}
"""


def made(name, folder, *types):
    """Write a family's checkpoint, a text, and a GGUF a type."""
    family = next(family for family in FAMILIES if family.name == name)
    source = checkpoints.write(family, "BF16", folder)
    rng = np.random.default_rng(1)
    (folder / "text.txt").write_text(" ".join(rng.choice(WORDS.split(), 500)))
    pre = f'pre = "{family.pre}"' if family.pre else ""
    for type_ in types:
        recipe = folder / f"{type_}.toml"
        recipe.write_text(RECIPE.format(source=source, type=type_, pre=pre))
        qrecipe.build(recipe, output=folder, threads=1)
    return source, folder / "text.txt"


def settings(folder, **more):
    return qrecipe.EvalSettings(window=WINDOW, windows=4, cache=folder / "kept", threads=1, **more)


@pytest.mark.parametrize("name", [family.name for family in FAMILIES])
def test_weights_that_are_put_back_compute_what_the_checkpoint_does(name, tmp_path):
    """F32 loses nothing: not a bit of a logit may change, but where a norm is stored less 1 and put back by a sum."""
    import torch  # noqa: PLC0415 - where it is installed
    import transformers  # noqa: PLC0415 - likewise

    source, text = made(name, tmp_path, "F32")
    found = qrecipe.evaluate([tmp_path / "F32.gguf"], source, text, settings(tmp_path)).results[0].measures
    assert found.kld_max <= (1e-9 if name.startswith("gemma3") else 0)
    assert found.same_top.value == 1
    family = next(family for family in FAMILIES if family.name == name)
    loaded = getattr(transformers, family.model)
    model = loaded.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()
    windows = first_windows(source, tmp_path, text)
    (kept,) = (tmp_path / "kept").glob("*.logits")
    rows = WINDOW - 1 - WINDOW // 2
    logits = logits_in(kept, (4 * rows, kept.stat().st_size // (16 * rows)))
    with torch.inference_mode():
        for number in range(4):
            said = model(
                input_ids=torch.from_numpy(windows.read(number).astype(np.int64))[None], use_cache=False
            ).logits
            theirs = said[0, windows.first : -1].numpy()
            assert np.abs(theirs - logits[number * rows : (number + 1) * rows]).max() <= 1e-5


def first_windows(source, folder, text):
    from qrecipe.evaluation.text import bos_of, read_text, tokens_of  # noqa: PLC0415 - numpy
    from qrecipe.evaluation.windows import cut  # noqa: PLC0415 - likewise

    bos = bos_of(qrecipe.inspect(folder / "F32.gguf").checkpoint.metadata)
    return cut(tokens_of(read_text(text), source, "source", bos), WINDOW, bos, 4)


@pytest.mark.skipif(TOOL is None, reason="no llama-perplexity on the path or in LLAMA_PERPLEXITY")
@pytest.mark.model
@pytest.mark.parametrize("name", ["gemma4-e2b", "gemma4-moe", "llama", "mistral", "mixtral", "qwen3", "qwen3moe"])
def test_the_engines_agree(name, tmp_path):
    source, text = made(name, tmp_path, "Q8_0")
    given = settings(tmp_path, engine="both", llama_perplexity=TOOL)
    found = qrecipe.evaluate([tmp_path / "Q8_0.gguf"], source, text, given)
    assert found.findings == (), "the engines read the same tokens"
    results = {(each.way, each.control): each.measures for each in found.results}
    exact, stored = results["transformers", False], results["transformers, 16-bit reference", False]
    alike, whole = results["llama.cpp, all in F32", False], results["llama.cpp", False]
    assert len({measures.positions for measures in results.values()}) == 1
    assert stored.kld.value == pytest.approx(exact.kld.value, rel=1e-3, abs=1e-6)
    near = 3e-3 if name.startswith("gemma") else 5e-4  # llama.cpp looks GELU up in a table of float16
    assert alike.kld.value == pytest.approx(stored.kld.value, rel=near, abs=2e-6)
    assert alike.kld.error == pytest.approx(stored.kld.error, rel=near, abs=2e-6)
    assert alike.kld_max == pytest.approx(stored.kld_max, rel=5 * near)
    assert alike.kld_99.value == pytest.approx(stored.kld_99.value, rel=5 * near, abs=2e-6)
    assert alike.same_top.value == pytest.approx(stored.same_top.value, abs=0.006)
    assert alike.perplexity.value == pytest.approx(stored.perplexity.value, rel=near)
    assert alike.perplexity_source.value == pytest.approx(stored.perplexity_source.value, rel=near)
    assert alike.log_ratio.value == pytest.approx(stored.log_ratio.value, abs=near)
    assert whole.kld.value > alike.kld.value, "quantized activations cost something besides"
    for (_, control), measures in results.items():
        if control:
            assert abs(measures.kld.value) < 2e-6
            assert measures.same_top.value > 0.99


def test_each_tensor_alone(tmp_path):
    source, text = made("mixtral", tmp_path, "Q4_0")
    costs = qrecipe.evaluate_tensors(tmp_path / "Q4_0.gguf", source, text, settings(tmp_path))
    by_name = {cost.tensor: cost for cost in costs.tensors}
    assert by_name["output_norm.weight"].measures is None, "it is stored in full"
    assert by_name["blk.0.ffn_gate_exps.weight"].weights == 4 * 256 * 128
    alone = [cost.measures.kld.value for cost in costs.tensors if cost.measures is not None]
    assert all(0 < value < costs.evaluation.results[0].measures.kld.value for value in alone)
    document = json.loads(qrecipe.costs_json(costs))
    assert [each["tensor"] for each in document["tensors"]] == [cost.tensor for cost in costs.tensors]


def test_a_checkpoint_whose_config_is_another_models(tmp_path):
    source, text = made("llama-fast", tmp_path, "F32")
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**config, "model_type": "toy"}))
    with pytest.raises(qrecipe.SourceError, match="transformers cannot run this checkpoint"):
        qrecipe.evaluate([tmp_path / "F32.gguf"], source, text, settings(tmp_path))
