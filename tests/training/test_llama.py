"""The models in llama.cpp: every block certified, the tokenizer's own tokens, transformers' own words."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from training.corpus import TEXT

pytestmark = [pytest.mark.model, pytest.mark.slow]
pytest.importorskip("xllamacpp")
ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("llama_tokens.py")
PROMPT = "Rosalind.\nO my dear Orlando"
TEXTS = ("", " ", "\n\n", "\n\n\n\n\nAct  II.", "café ☕ 日本", "two  blanks  ", "{x}\ttab <eos>", PROMPT)
MODELS = {"q4_0": "bard-3m-qat-q4_0", "mobile": "bard-3m-qat-mobile"}
RECIPES = {"q4_0": "bard-ud-q4_k_xl", "mobile": "bard-mobile-q2_k_xl"}


@pytest.fixture(scope="module", params=MODELS)
def built(request, tmp_path_factory):
    """Build a model, and let llama.cpp tokenize texts and go on from the last."""
    folder = tmp_path_factory.mktemp(request.param)
    command = [sys.executable, "-m", "qrecipe", "build", RECIPES[request.param], "-o", str(folder), "--json"]
    built = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    gguf = next(folder.glob("*.gguf"))
    texts = json.dumps([*TEXTS[:-1], (TEXT / "held_out.txt").read_text(encoding="ascii")[:9000], PROMPT])
    run = subprocess.run(
        [sys.executable, str(SCRIPT), str(gguf), "16"], input=texts, capture_output=True, text=True, check=True
    )
    return ROOT / "models" / MODELS[request.param], built, json.loads(texts), json.loads(run.stdout.splitlines()[-1])


def test_every_block_is_certified(built):
    (target,) = built[1]["targets"]
    assert len(target["certified"]) == 34
    assert [each for each in target["certified"] if each["certified"] != each["blocks"]] == []


def test_llama_cpp_tokenizes_as_the_tokenizer_does(built):
    tokenizer = Tokenizer.from_file(str(built[0] / "tokenizer.json"))
    assert built[3]["tokens"] == [tokenizer.encode(text).ids for text in built[2]]


def test_llama_cpp_says_what_transformers_says(built):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = transformers.Gemma4ForCausalLM.from_pretrained(built[0], dtype=torch.float32)
    ids = torch.tensor([Tokenizer.from_file(str(built[0] / "tokenizer.json")).encode(PROMPT).ids])
    said = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=16)
    assert said[0, ids.shape[1] :].tolist() == built[3]["more"]
