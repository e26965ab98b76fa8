"""What measuring quality can be told: provocations by name. None of them needs torch or llama.cpp."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import qrecipe
from qrecipe.api.evaluating_weights import decoded
from qrecipe.evaluation import faults
from qrecipe.evaluation.kept import written
from qrecipe.evaluation.text import tokens_of
from qrecipe.evaluation.transformers_model import require
from qrecipe.host.catalog import make_catalog
from qrecipe.sources.local import LocalSource
from tests.catalogue.workplace import patched, workplace
from tests.evaluation.fake_tool import write_tool
from tests.oracle.convert_hf import checkpoints
from tests.oracle.convert_hf.families import FAMILIES
from tests.sources.gguf_bytes import Row, gguf
from tests.sources.safetensors_bytes import entry, safetensors

FAMILY = next(family for family in FAMILIES if family.name == "llama-fast")


def a_text_that_is_not_there() -> object:
    return _by_tool("mix.gguf", "tiny.gguf", text="words.txt")


def a_text_that_is_too_short() -> object:
    _checkpoint()
    return qrecipe.evaluate(["model.gguf"], FAMILY.folder, _text("Few words."))


def a_text_with_too_few_predictions() -> object:
    return _by_tool("mix.gguf", "tiny.gguf", settings={"window": 64})


def a_checkpoint_without_tokenizer() -> object:
    _checkpoint()
    for name in ("tokenizer.json", "tokenizer.model"):
        Path(FAMILY.folder, name).unlink(missing_ok=True)
    return qrecipe.evaluate(["model.gguf"], FAMILY.folder, _text())


def a_tokenizer_that_is_none() -> object:
    _checkpoint()
    source = LocalSource().open(FAMILY.folder, Path())
    Path(FAMILY.folder, "tokenizer.json").write_text("{}")
    return tokens_of("words", source.folder, FAMILY.folder, None)


def a_GGUF_source_for_transformers() -> object:  # noqa: N802 - a row's name
    _built()
    return qrecipe.evaluate(["mix.gguf"], "tiny.gguf", _text())


def a_source_of_an_unknown_architecture() -> object:
    Path("source.safetensors").write_bytes(safetensors({"a.weight": entry("F32", [2, 2], 0, 16)}, bytes(16)))
    return _by_tool("mix.gguf", "source.safetensors")


def an_artifact_that_is_no_GGUF() -> object:  # noqa: N802 - a row's name
    Path("mix.safetensors").write_bytes(safetensors({"a.weight": entry("F32", [2, 2], 0, 16)}, bytes(16)))
    return _by_tool("mix.safetensors", "tiny.gguf")


def an_artifact_of_another_model() -> object:
    Path("other.gguf").write_bytes(gguf([Row(b"a.weight")]))
    return _by_tool("other.gguf", "tiny.gguf")


def an_artifact_of_another_vocabulary() -> object:
    _built()
    Path("mix.gguf").write_bytes(Path("mix.gguf").read_bytes().replace(b"t31", b"T31", 1))
    return _by_tool("mix.gguf", "tiny.gguf", build=False)


def an_artifact_that_was_built_from_another_source() -> object:
    _built()
    Path("tony.gguf").write_bytes(Path("tiny.gguf").read_bytes().replace(b"tiny", b"tony"))
    return _by_tool("mix.gguf", "tony.gguf", build=False, settings={"window": 256}).findings


def engines_that_read_other_tokens() -> object:
    return [faults.tokens_differ(300)]


def a_checkpoint_that_transformers_refuses() -> object:
    return [faults.refused("model", "ValueError: unknown model type 'toy'")]


def a_tensor_that_transformers_cannot_be_given() -> object:
    Path("source.safetensors").write_bytes(safetensors({"a.weight": entry("C64", [2, 2], 0, 32)}, bytes(32)))
    opened = LocalSource().open("source.safetensors", Path())
    return decoded(SimpleNamespace(tensors=opened.tensors, reference="mix.gguf"), "a.weight", make_catalog())


def torch_that_is_not_installed() -> object:
    with patched(module="torch"):
        return require()


def a_llama_perplexity_that_is_not_there() -> object:
    _built()
    settings = qrecipe.EvalSettings(engine="llama.cpp", llama_perplexity="bin/llama-perplexity")
    return qrecipe.evaluate(["mix.gguf"], "tiny.gguf", _text(), settings)


def a_llama_perplexity_that_is_not_on_the_path() -> object:
    _built()
    with patched("shutil.which", lambda _: None):
        return qrecipe.evaluate(["mix.gguf"], "tiny.gguf", _text(), qrecipe.EvalSettings(engine="llama.cpp"))


def a_llama_perplexity_that_fails() -> object:
    return _by_tool("mix.gguf", "tiny.gguf", mode="fails")


def a_model_that_predicts_nothing() -> object:
    return [faults.no_predictions("mix.gguf")]


def a_reference_for_which_there_is_no_room() -> object:
    with patched("shutil.disk_usage", lambda _: SimpleNamespace(free=1000)), written(Path("kept.logits"), 2000):
        return None


def a_plot_of_an_unknown_kind() -> object:
    return qrecipe.check_outputs(Path("plot.gif"), None)


def a_plot_that_exists() -> object:
    Path("costs.json").write_text("{}")
    return qrecipe.check_outputs(None, Path("costs.json"))


def _by_tool(artifact: str, source: str, text: str = "", *, mode: str = "good", build: bool = True, settings=None):
    if build:
        _built()
    tool = write_tool(Path.cwd(), mode)
    given = {"engine": "llama.cpp", "llama_perplexity": "./" + tool.name, "keep": False, **(settings or {})}
    return qrecipe.evaluate([artifact], source, text or _text(), qrecipe.EvalSettings(**given))


def _built() -> None:
    workplace()
    qrecipe.build("mix.toml")


def _text(words: str = "Some words of a text. " * 200) -> str:
    Path("text.txt").write_text(words)
    return "text.txt"


def _checkpoint() -> None:
    """Put a tiny checkpoint, and its GGUF, into the working folder."""
    checkpoints.write(FAMILY, "BF16", Path.cwd())
    Path("model.gguf").write_bytes(_converted())


@cache
def _converted() -> bytes:
    rule = '[[rules]]\nmatch = "**"\ntype = "Q8_0"\n[[targets]]\nbackend = "gguf"\noutput = "made.gguf"\n'
    Path("made.toml").write_text(f'qrecipe = 1\nname = "made"\nsource = "{FAMILY.folder}"\n{rule}')
    qrecipe.build("made.toml", lock=False)
    return Path("made.gguf").read_bytes()
